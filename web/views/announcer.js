// Tells screen readers of new messages: one short sentence each, or a number when many come.

import { t } from '../language.js';

/** No two announcements come closer together than this. */
const PAUSE = 3000;
const LONGEST = 160;

export class Announcer {
  #region;
  /** @type {string[]} */
  #waiting = [];
  /** @type {number | undefined} */
  #pause;

  /** @param {HTMLElement} region a polite live region */
  constructor(region) {
    this.#region = region;
  }

  /**
   * @param {string} from
   * @param {string} text
   */
  heard(from, text) {
    this.#waiting.push(`${from}: ${shorten(text)}`);
    if (this.#pause === undefined) this.#speak();
  }

  #speak() {
    this.#pause = undefined;
    const [first] = this.#waiting;
    if (first === undefined) return;
    const line = document.createElement('p');
    line.textContent = this.#waiting.length === 1 ? first : t('talk.newMessages', { count: this.#waiting.length });
    // A new element, so that the same words said twice are read twice.
    this.#region.replaceChildren(line);
    this.#waiting = [];
    this.#pause = setTimeout(() => this.#speak(), PAUSE);
  }
}

/** @param {string} text */
function shorten(text) {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
