// The keys that work everywhere on the page.

/**
 * @typedef {object} Keys
 * @property {() => void} switcher
 * @property {() => void} search
 * @property {() => void} shortcuts
 * @property {() => void} settings
 * @property {(step: 1 | -1, unread: boolean) => void} neighbour
 * @property {() => boolean} escape
 * @property {(step: 1 | -1) => void} region
 * @property {() => void} write
 */

/** @param {Keys} keys */
export function listen(keys) {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (pressed(event, keys)) event.preventDefault();
  });
}

/**
 * @param {KeyboardEvent} event
 * @param {Keys} keys
 * @returns {boolean} whether the key meant something
 */
function pressed(event, keys) {
  const { key, shiftKey, altKey } = event;
  const ctrl = event.ctrlKey || event.metaKey;
  if (key === 'F6') return done(keys.region(shiftKey ? -1 : 1));
  if (ctrl && !altKey && key.toLowerCase() === 'k') return done(keys.switcher());
  if (ctrl && shiftKey && key.toLowerCase() === 'f') return done(keys.search());
  if (ctrl && key === '/') return done(keys.shortcuts());
  if (ctrl && key === ',') return done(keys.settings());
  if (altKey && !ctrl && key === 'ArrowUp') return done(keys.neighbour(-1, shiftKey));
  if (altKey && !ctrl && key === 'ArrowDown') return done(keys.neighbour(1, shiftKey));
  if (key === 'Escape') return keys.escape();
  // Whoever starts typing anywhere means the box.
  const isText = key.length === 1 && key !== ' ' && !ctrl && !altKey;
  if (isText && !isForTyping(event.target)) keys.write();
  return false;
}

/** @param {void} _ */
function done(_) {
  return true;
}

/** @param {EventTarget | null} target */
function isForTyping(target) {
  return target instanceof HTMLButtonElement || target instanceof HTMLInputElement
    || target instanceof HTMLTextAreaElement || (target instanceof Element && target.closest('dialog, [popover]') !== null);
}
