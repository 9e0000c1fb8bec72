// The list of messages: brings rows up to date in small batches, and never moves what is being read.

import { rowOf } from './rows.js';
import { newMessages } from './words.js';

/** @typedef {import('./state.js').Entry} Entry */
/** @typedef {import('./state.js').State} State */
/** @typedef {{entry: Entry, element: HTMLElement}} Row */
/** @typedef {{key: number, top: number}} Anchor a row, and how far below the top of the view it is */

/** New rows per frame; more would be a long task on a slow phone. */
const BATCH = 50;
/** This close to the end still counts as the end. */
const SLACK = 24;

export class Timeline {
  #scroller;
  #list;
  #pill;
  #onScrolled;
  /** @type {Map<number, Row>} in the order of the page */
  #rows = new Map();
  /** @type {readonly Entry[]} */
  #drawn = [];
  #pinned = true;
  /** @type {Anchor | null} what is being read, while that is not the end */
  #anchor = null;
  #lastTop = 0;
  #spacer = 0;

  /**
   * @param {HTMLElement} scroller
   * @param {HTMLElement} list
   * @param {HTMLButtonElement} pill
   * @param {(atEnd: boolean) => void} onScrolled
   */
  constructor(scroller, list, pill, onScrolled) {
    this.#scroller = scroller;
    this.#list = list;
    this.#pill = pill;
    this.#onScrolled = onScrolled;
    scroller.addEventListener('scroll', () => this.#noticeScroll(), { passive: true });
    // The box grows, the phone turns, the keyboard opens: what was in view stays there.
    const observer = new ResizeObserver(() => this.#settle());
    observer.observe(scroller);
    observer.observe(list);
  }

  /**
   * @param {State} state
   * @returns {boolean} whether rows remain for the next frame
   */
  render({ entries, below }) {
    this.#pill.hidden = below === 0;
    if (below > 0) this.#pill.textContent = newMessages(below);
    if (entries === this.#drawn) return false;
    this.#removeGone(entries);
    this.#redrawChanged(entries);
    const finished = this.#appendNew(entries);
    if (finished) this.#drawn = entries;
    this.#settle();
    return !finished;
  }

  jumpToEnd() {
    this.#pin(true);
    this.#showEnd();
  }

  /** @param {readonly Entry[]} entries */
  #removeGone(entries) {
    const kept = new Set(entries.map((entry) => entry.key));
    if (!this.#pinned && !kept.has(this.#anchor?.key ?? -1)) this.#anchor = this.#findAnchor(kept);
    for (const [key, row] of this.#rows) {
      if (kept.has(key)) continue;
      row.element.remove();
      this.#rows.delete(key);
    }
  }

  /**
   * @param {{has(key: number): boolean}} kept only rows that stay can be held on to
   * @returns {Anchor | null} the first row in view
   */
  #findAnchor(kept) {
    const viewTop = this.#viewTop();
    for (const [key, { entry, element }] of this.#rows) {
      // Date lines stick to the top, so their place tells nothing.
      if (entry.kind === 'day' || !kept.has(key)) continue;
      const { top, bottom } = element.getBoundingClientRect();
      if (bottom > viewTop) return { key, top: top - viewTop };
    }
    return null;
  }

  #viewTop() {
    return this.#scroller.getBoundingClientRect().top;
  }

  /** @param {readonly Entry[]} entries */
  #redrawChanged(entries) {
    for (const entry of entries) {
      const row = this.#rows.get(entry.key);
      if (!row || row.entry === entry) continue;
      const element = rowOf(entry);
      row.element.replaceWith(element);
      this.#rows.set(entry.key, { entry, element });
    }
  }

  /**
   * @param {readonly Entry[]} entries
   * @returns {boolean} whether all are on the page now
   */
  #appendNew(entries) {
    const fresh = entries.filter((entry) => !this.#rows.has(entry.key));
    const batch = fresh.slice(0, BATCH);
    const fragment = document.createDocumentFragment();
    for (const entry of batch) {
      const element = rowOf(entry);
      this.#rows.set(entry.key, { entry, element });
      fragment.append(element);
      // Whoever speaks wants to see it said.
      if (entry.kind === 'message' && entry.own) this.#pin(true);
    }
    this.#list.append(fragment);
    return batch.length === fresh.length;
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
    const element = this.#rows.get(key)?.element;
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
    this.#anchor = this.#pinned ? null : this.#findAnchor(this.#rows);
  }

  /** @param {boolean} pinned */
  #pin(pinned) {
    if (pinned === this.#pinned) return;
    this.#pinned = pinned;
    this.#onScrolled(pinned);
  }
}
