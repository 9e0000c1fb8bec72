// Makes elements. Everything people wrote enters as text, never as markup.

/**
 * @param {string} tag
 * @param {string} className
 * @param {(Node | string)[]} children strings become text nodes
 */
export function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/**
 * Changes only what differs: whoever is pressing something at this moment still presses it.
 * @param {Node} before
 * @param {Node} after
 */
export function patch(before, after) {
  if (before.isEqualNode(after)) return;
  const isSame = before.cloneNode(false).isEqualNode(after.cloneNode(false));
  const parts = [...after.childNodes];
  if (!isSame || before.childNodes.length !== parts.length || parts.length === 0) before.parentNode?.replaceChild(after, before);
  else [...before.childNodes].forEach((child, index) => patch(child, /** @type {Node} */ (parts[index])));
}

/**
 * A name, kept apart so that a right-to-left one does not reorder its neighbours.
 * @param {string} who
 */
export function nameOf(who) {
  return element('bdi', '', who);
}

/**
 * @param {string} className
 * @param {string} label
 * @param {string} does what the page calls it when it is pressed
 */
export function button(className, label, does) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = className;
  made.textContent = label;
  made.dataset.does = does;
  return made;
}

/**
 * Unchanged text is left alone: writing it again would make screen readers repeat it.
 * @param {HTMLElement} place
 * @param {string} text
 */
export function say(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

/**
 * @template {HTMLElement} T
 * @param {string} selector
 * @param {new () => T} kind
 * @returns {T}
 */
export function find(selector, kind) {
  const found = document.querySelector(selector);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${selector}`);
}
