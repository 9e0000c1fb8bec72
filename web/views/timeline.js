// The list of messages: brings rows up to date in small batches, and never moves what is being read.

import { rowsOf } from '../state/rows.js';
import { newMessages } from '../words.js';
import { elementOf } from './rows.js';

/** @typedef {import('../state/rows.js').Row} Row */
/** @typedef {import('../state/state.js').Message} Message */
/** @typedef {import('../state/state.js').State} State */
/** @typedef {{row: Row, element: HTMLElement}} Drawn */
/** @typedef {{key: string, top: number}} Anchor a row, and how far below the top of the view it is */

/**
 * @typedef {object} Gestures
 * @property {(atEnd: boolean) => void} scrolled
 * @property {() => void} nearStart
 * @property {(message: Message) => void} again
 * @property {(message: Message) => void} edit
 * @property {(message: Message) => void} drop
 */

/** New rows per frame; more would be a long task on a slow phone. */
const BATCH = 60;
/** This close to the end still counts as the end. */
const SLACK = 24;
/** This close to the start, what stands before is fetched; it should be there before the reader is. */
const EARLY = 1200;

export class Timeline {
  #scroller;
  #list;
  #pill;
  #gestures;
  /** @type {Map<string, Drawn>} */
  #drawn = new Map();
  /** @type {readonly Row[]} */
  #rows = [];
  #here = '';
  #pinned = true;
  /** @type {Anchor | null} what is being read, while that is not the end */
  #anchor = null;
  #lastTop = 0;
  #spacer = 0;

  /**
   * @param {HTMLElement} scroller
   * @param {HTMLElement} list
   * @param {HTMLButtonElement} pill
   * @param {Gestures} gestures
   */
  constructor(scroller, list, pill, gestures) {
    this.#scroller = scroller;
    this.#list = list;
    this.#pill = pill;
    this.#gestures = gestures;
    scroller.addEventListener('scroll', () => this.#noticeScroll(), { passive: true });
    list.addEventListener('click', (event) => this.#pressed(event));
    // The box grows, the phone turns, the keyboard opens: what was in view stays there.
    const observer = new ResizeObserver(() => this.#settle());
    observer.observe(scroller);
    observer.observe(list);
  }

  /**
   * @param {State} state
   * @returns {boolean} whether rows remain for the next frame
   */
  render(state) {
    this.#pill.hidden = state.below === 0;
    if (state.below > 0) this.#pill.textContent = newMessages(state.below);
    const rows = rowsOf(state);
    if (rows === this.#rows) return false;
    if (state.here !== this.#here) this.#enter(state.here);
    this.#removeGone(rows);
    const finished = this.#bringUpToDate(rows);
    if (finished) this.#rows = rows;
    this.#settle();
    if (finished) this.#lookAhead();
    return !finished;
  }

  jumpToEnd() {
    this.#pin(true);
    this.#showEnd();
  }

  /** @param {string} here */
  #enter(here) {
    this.#here = here;
    this.#anchor = null;
    this.#pin(true);
  }

  /** @param {readonly Row[]} rows */
  #removeGone(rows) {
    const kept = new Set(rows.map((row) => row.key));
    if (!this.#pinned && !kept.has(this.#anchor?.key ?? '')) this.#anchor = this.#findAnchor(kept);
    for (const [key, { element }] of this.#drawn) {
      if (kept.has(key)) continue;
      element.remove();
      this.#drawn.delete(key);
    }
  }

  /**
   * Walks along the rows and the page together. The rows nearest to the end come first, where the reader is.
   * @param {readonly Row[]} rows
   * @returns {boolean} whether all are on the page now
   */
  #bringUpToDate(rows) {
    let left = BATCH;
    /** @type {Element | null} */
    let next = null;
    for (const row of rows.toReversed()) {
      const drawn = this.#drawn.get(row.key);
      if (drawn && isSame(drawn.row, row)) {
        if (drawn.element.nextElementSibling !== next) this.#list.insertBefore(drawn.element, next);
        next = drawn.element;
        continue;
      }
      if (!drawn && left === 0) continue;
      const element = elementOf(row);
      if (drawn) drawn.element.replaceWith(element);
      else left -= 1;
      if (element.nextElementSibling !== next || !drawn) this.#list.insertBefore(element, next);
      this.#drawn.set(row.key, { row, element });
      // Whoever speaks wants to see it said.
      if (!drawn && row.kind === 'message' && row.message.status === 'sending') this.#pin(true);
      next = element;
    }
    return this.#drawn.size === rows.length;
  }

  /**
   * @param {{has(key: string): boolean}} kept only rows that stay can be held on to
   * @returns {Anchor | null} the first row in view
   */
  #findAnchor(kept) {
    const viewTop = this.#viewTop();
    for (const element of this.#list.children) {
      const key = element instanceof HTMLElement ? element.dataset.key ?? '' : '';
      // Date lines stick to the top, so their place tells nothing.
      if (element.classList.contains('day') || !kept.has(key)) continue;
      const { top, bottom } = element.getBoundingClientRect();
      if (bottom > viewTop) return { key, top: top - viewTop };
    }
    return null;
  }

  #viewTop() {
    return this.#scroller.getBoundingClientRect().top;
  }

  #settle() {
    if (this.#pinned) this.#showEnd();
    else if (this.#anchor) this.#keepInPlace(this.#anchor);
  }

  #showEnd() {
    this.#setSpacer(0);
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#lastTop = this.#scroller.scrollTop;
  }

  /**
   * By hand, since not every browser anchors. Where rows above went away and the scroller
   * cannot go back far enough, an empty space holds their place until the reader moves on.
   * @param {Anchor} anchor
   */
  #keepInPlace({ key, top }) {
    const element = this.#drawn.get(key)?.element;
    if (!element) return;
    const moved = element.getBoundingClientRect().top - this.#viewTop() - top;
    const wanted = this.#scroller.scrollTop + moved;
    if (wanted < 0) this.#setSpacer(this.#spacer - wanted);
    if (Math.abs(moved) >= 1) this.#scroller.scrollTop = Math.max(0, wanted);
    this.#lastTop = this.#scroller.scrollTop;
  }

  /** @param {number} height */
  #setSpacer(height) {
    if (height === this.#spacer) return;
    this.#spacer = height;
    this.#list.style.paddingBlockStart = height > 0 ? `${height}px` : '';
  }

  #noticeScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    // Its own doing: the anchor stands.
    if (scrollTop === this.#lastTop) return;
    // Only going up lets go of the end: growth below also leaves the end behind for a moment.
    if (scrollHeight - scrollTop - clientHeight <= SLACK) this.#pin(true);
    else if (scrollTop < this.#lastTop) this.#pin(false);
    this.#lastTop = scrollTop;
    this.#anchor = this.#pinned ? null : this.#findAnchor(this.#drawn);
    this.#lookAhead();
  }

  #lookAhead() {
    if (this.#scroller.scrollTop - this.#spacer < EARLY) this.#gestures.nearStart();
  }

  /** @param {boolean} pinned */
  #pin(pinned) {
    if (pinned === this.#pinned) return;
    this.#pinned = pinned;
    this.#gestures.scrolled(pinned);
  }

  /** @param {MouseEvent} event */
  #pressed({ target }) {
    const pressed = target instanceof Element ? target.closest('[data-does]') : null;
    if (!(pressed instanceof HTMLElement)) return;
    const row = this.#drawn.get(pressed.closest('li')?.dataset.key ?? '')?.row;
    if (row?.kind !== 'message') return;
    switch (pressed.dataset.does) {
      case 'again': return this.#gestures.again(row.message);
      case 'edit-unsent': return this.#gestures.edit(row.message);
      case 'drop': return this.#gestures.drop(row.message);
    }
  }
}

/**
 * @param {Row} one
 * @param {Row} other
 */
function isSame(one, other) {
  return Object.entries(one).every(([field, value]) => Object.is(value, /** @type {any} */ (other)[field]));
}
