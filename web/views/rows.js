// Builds the page's form of one line of the timeline.

import { sentenceOf } from '../state/rows.js';
import { clockTime, dayName, wholeTime } from '../words.js';
import { button, element, nameOf } from './elements.js';

/** @typedef {import('../state/rows.js').MessageRow} MessageRow */
/** @typedef {import('../state/rows.js').Row} Row */
/** @typedef {import('../state/state.js').Message} Message */

/**
 * @param {Row} row
 * @returns {HTMLElement}
 */
export function elementOf(row) {
  const made = drawn(row);
  made.dataset.key = row.key;
  return made;
}

/** @param {Row} row */
function drawn(row) {
  switch (row.kind) {
    case 'message': return messageRow(row);
    case 'notice': return noticeRow(row.notice);
    case 'day': return element('li', 'day', element('span', '', dayName(row.at)));
    case 'new': return element('li', 'new', element('span', '', 'New'));
  }
}

/** @param {MessageRow} row the same for one on its way and one that is safe */
function messageRow({ message, name, own, opens }) {
  const author = element('span', 'author', nameOf(name));
  author.dataset.testid = 'author';
  const body = element('p', 'text', message.text);
  body.dataset.testid = 'text';
  body.dir = 'auto';
  const row = element('li', `message ${message.status}`, author, time(message.at), body);
  if (message.status === 'failed') row.append(failure(message));
  row.dataset.testid = 'message';
  row.classList.toggle('own', own);
  // Every row carries its author for those who listen; only the first of a group shows it.
  row.classList.toggle('opens', opens);
  return row;
}

/** @param {Message} message */
function failure({ trouble }) {
  return element(
    'p', 'failure', element('span', '', trouble),
    button('quiet', 'Try again', 'again'), button('quiet', 'Edit', 'edit-unsent'), button('quiet', 'Delete', 'drop'),
  );
}

/** @param {import('../state/state.js').Notice} notice */
function noticeRow(notice) {
  const parts = sentenceOf(notice).map((part) => (typeof part === 'string' ? part : nameOf(part.who)));
  const row = element('li', 'notice', ...parts);
  row.dataset.testid = 'notice';
  return row;
}

/** @param {number} at */
function time(at) {
  const stamp = document.createElement('time');
  stamp.dateTime = new Date(at).toISOString();
  stamp.title = wholeTime(at);
  stamp.textContent = clockTime(at);
  return stamp;
}
