// Builds the page's form of one entry. Everything people wrote enters as text, never as markup.

import { cameAndWent, clockTime, dayName, wholeTime } from './words.js';

/** @typedef {import('./state.js').Entry} Entry */
/** @typedef {import('./state.js').MessageEntry} MessageEntry */
/** @typedef {import('./words.js').Sentence} Sentence */

/**
 * @param {Entry} entry
 * @returns {HTMLElement}
 */
export function rowOf(entry) {
  switch (entry.kind) {
    case 'message': return messageRow(entry);
    case 'presence': return noticeRow(cameAndWent(entry.joined, entry.left));
    case 'notice': return noticeRow(entry.sentence);
    case 'day': return element('li', 'day', element('span', '', dayName(entry.at)));
  }
}

/** @param {MessageEntry} entry */
function messageRow({ from, text, at, own, opens }) {
  const author = element('span', 'author', name(from));
  author.dataset.testid = 'author';
  const body = element('p', 'text', text);
  body.dataset.testid = 'text';
  body.dir = 'auto';
  const row = element('li', 'message', author, time(at), body);
  row.dataset.testid = 'message';
  row.classList.toggle('own', own);
  // Every row carries its author for those who listen; only the first of a group shows it.
  row.classList.toggle('opens', opens);
  return row;
}

/** @param {Sentence} sentence */
function noticeRow(sentence) {
  const row = element('li', 'notice', ...sentence.map((part) => (typeof part === 'string' ? part : name(part.who))));
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

/** @param {string} who */
function name(who) {
  return element('bdi', '', who);
}

/**
 * @param {string} tag
 * @param {string} className
 * @param {(Node | string)[]} children strings become text nodes
 */
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}
