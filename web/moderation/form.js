// What the cards of whoever keeps the peace are made of: boxes to choose from, lengths of time, a card that asks.

import { t } from '../language.js';
import { button, element } from '../views/elements.js';
import { lengthOf, shortTime } from '../words.js';

/** @typedef {import('../language.js').Key} Key */
/** @typedef {import('../wire/protocol.js').Term} Term */
/** @typedef {{row: HTMLElement, value: () => string}} Box */

/** A reason or a note is one line of up to so many characters. */
const REASON = 500;
const [MINUTE, HOUR, DAY] = [60, 3600, 86_400];
/** In seconds; 0 is for no end. */
const LENGTHS = [10 * MINUTE, HOUR, DAY, 7 * DAY, 30 * DAY, 0];

/**
 * @param {string} label
 * @param {string} name
 * @param {[value: string, words: string][]} choices
 * @param {string} chosen
 * @param {(value: string) => void} [changed]
 * @returns {Box}
 */
export function choice(label, name, choices, chosen, changed) {
  const box = document.createElement('select');
  box.name = name;
  box.append(...choices.map(([value, words]) => new Option(words, value, value === chosen, value === chosen)));
  if (changed) box.addEventListener('change', () => changed(box.value));
  return { row: element('label', '', element('span', '', label), box), value: () => box.value };
}

/**
 * @param {Key} label
 * @param {string} name
 * @param {{value?: string, needed?: boolean, most?: number, type?: string, hint?: string}} [how]
 * @returns {Box}
 */
export function line(label, name, { value = '', needed = false, most = REASON, type = 'text', hint = '' } = {}) {
  const box = document.createElement('input');
  Object.assign(box, { type, name, value, required: needed, maxLength: most, autocomplete: 'off', placeholder: hint });
  if (type === 'number') Object.assign(box, { min: '1', inputMode: 'numeric' });
  const words = needed ? t(label) : t('mod.optional', { label: t(label) });
  return { row: element('label', '', element('span', '', words), box), value: () => box.value.trim() };
}

/**
 * @param {Key} label
 * @param {string} name
 * @returns {{row: HTMLElement, on: () => boolean}}
 */
export function check(label, name) {
  const box = Object.assign(document.createElement('input'), { type: 'checkbox', name });
  return { row: element('label', 'check', box, element('span', '', t(label))), on: () => box.checked };
}

/**
 * For how long something holds.
 * @param {number} usual in seconds
 * @param {Key} endless what no end is called
 */
export function length(usual, endless = 'mod.endless') {
  const words = LENGTHS.map((one) => /** @type {[string, string]} */ ([String(one), one ? lengthOf(one) : t(endless)]));
  const box = choice(t('mod.howLong'), 'seconds', words, String(usual));
  return { row: box.row, seconds: () => (Number(box.value()) ? { seconds: Number(box.value()) } : {}) };
}

/** @param {Box} box @returns {{reason?: string}} */
export function reasonOf(box) {
  return box.value() ? { reason: box.value() } : {};
}

/**
 * @param {string} title
 * @param {HTMLElement[]} content
 * @param {string} label what the button says
 * @param {() => Promise<unknown>} done answers nothing if it was refused
 * @param {() => void} back
 */
export function card(title, content, label, done, back) {
  const send = /** @type {HTMLButtonElement} */ (element('button', 'strong', label));
  send.dataset.testid = 'moderation-send';
  const form = element('form', 'moderation', element('h2', '', title), ...content, element('div', 'choice', send, press('box.cancel', 'back', back)));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (send.disabled) return;
    send.disabled = true;
    const answer = await done();
    send.disabled = false;
    if (answer) back();
  });
  return form;
}

/**
 * @param {Key} label
 * @param {string} name
 * @param {(pressed: HTMLElement) => void} chosen
 * @param {string} [about] what it is about, for whoever does not see where it stands
 */
export function press(label, name, chosen, about) {
  const made = button('quiet', t(label), '');
  made.dataset.testid = name;
  if (about) made.ariaLabel = `${t(label)}: ${about}`;
  made.addEventListener('click', () => chosen(made));
  return made;
}

/**
 * @param {Key} what
 * @param {Key} whatUntil
 * @param {Term} term
 */
export function termWords(what, whatUntil, { until, reason }) {
  const words = until ? t(whatUntil, { time: shortTime(until) }) : t(what);
  return reason ? `${words} ${t('status.why', { why: reason })}` : words;
}
