// Builds the page's form of one line of the timeline.

import { drawn } from '../markdown.js';
import { t } from '../language.js';
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
  const made = madeOf(row);
  made.dataset.key = row.key;
  return made;
}

/** @param {Row} row */
function madeOf(row) {
  switch (row.kind) {
    case 'message': return messageRow(row);
    case 'notice': return noticeRow(row.notice);
    case 'day': return element('li', 'day', element('span', '', dayName(row.at)));
    case 'new': return element('li', 'new', element('span', '', t('talk.new')));
  }
}

/** @param {MessageRow} row the same for one on its way and one that is safe */
function messageRow({ message, name, own, opens, you, mentioned, answered, answeredName, keeps }) {
  const author = element('span', 'author', nameOf(name || t('who.gone')));
  if (name) author.dataset.does = 'person';
  author.dataset.testid = 'author';
  const body = element('div', 'text', ...drawn(message.text, { names: mentioned.split('\n'), you }));
  body.dataset.testid = 'text';
  body.dir = 'auto';
  const row = element('li', `message ${message.status}`, author, time(message.at), body);
  row.dataset.testid = 'message';
  row.tabIndex = -1;
  if (message.sequence) row.dataset.sequence = String(message.sequence);
  row.classList.toggle('own', own);
  // Every row carries its author for those who listen; only the first of a group shows it.
  row.classList.toggle('opens', opens);
  row.classList.toggle('calls', !own && mentioned.split('\n').includes(you));
  if (message.replyTo) row.insertBefore(answer(message.replyTo, answered, answeredName), body);
  row.append(...below(message));
  if (message.status === 'held') row.append(heldBack(message, keeps));
  return row;
}

/**
 * @param {number} sequence
 * @param {string} text
 * @param {string} name
 */
function answer(sequence, text, name) {
  const made = button('answers', '', 'see');
  made.dataset.message = String(sequence);
  made.replaceChildren(...(text ? [nameOf(name), ` ${text.split('\n')[0]}`] : [t('message.earlier')]));
  return made;
}

/**
 * What stands under a text.
 * @param {Message} message
 */
function below(message) {
  const parts = [];
  if (message.editedAt) parts.push(element('span', 'mark', t('message.edited')));
  if (message.pinned) parts.push(element('span', 'mark', t('message.pinned')));
  for (const { reaction, count, own } of message.reactions) {
    const made = button(own ? 'reaction own' : 'reaction', '', 'react');
    made.replaceChildren(reaction, element('span', '', String(count)));
    made.dataset.reaction = reaction;
    made.dataset.testid = 'reaction';
    made.ariaPressed = String(own);
    parts.push(made);
  }
  if (message.replies) {
    const made = button('quiet', t('message.answers', { count: message.replies }), 'thread');
    made.dataset.testid = 'answers';
    parts.push(made);
  }
  const line = parts.length > 0 ? [element('div', 'below', ...parts)] : [];
  return message.status === 'failed' ? [...line, failure(message)] : line;
}

/** @param {Message} message */
function failure({ trouble }) {
  return element(
    'p', 'failure', element('span', '', trouble),
    button('quiet', t('message.again'), 'again'), button('quiet', t('message.edit'), 'edit-unsent'), button('quiet', t('message.delete'), 'drop'),
  );
}

/**
 * @param {Message} message
 * @param {boolean} keeps whether one may let it through
 */
function heldBack({ key }, keeps) {
  if (!keeps) return element('p', 'failure held', element('span', '', t('message.held')));
  const choices = ['let-through', 'throw-away'].map((does) => {
    const made = button('quiet', t(does === 'let-through' ? 'message.letThrough' : 'message.throwAway'), does);
    made.dataset.testid = does;
    made.dataset.withheld = key.slice(1);
    return made;
  });
  return element('p', 'failure held', element('span', '', t('message.heldBack')), ...choices);
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
