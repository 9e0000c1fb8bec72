// What the parts of the desk have in common: a form that sends itself, and lines of a list.

import { t } from '../language.js';
import { element } from '../views/elements.js';

/** @typedef {import('../language.js').Key} Key */

/**
 * @param {Key} label what the button says
 * @param {HTMLElement[]} content
 * @param {() => Promise<unknown>} done
 */
export function sending(label, content, done) {
  const send = /** @type {HTMLButtonElement} */ (element('button', 'strong', t(label)));
  send.dataset.testid = 'part-send';
  const form = element('form', '', ...content, send);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (send.disabled) return;
    send.disabled = true;
    await done();
    send.disabled = false;
  });
  return form;
}

/** @param {string} text somebody's words */
export function quoted(text) {
  const made = element('p', 'said', text);
  made.dir = 'auto';
  return made;
}
