// The list of messages: brings rows up to date in small batches, and never moves what is being read.

import { t } from '../language.js';
import { rowsOf } from '../state/rows.js';
import { elementOf } from './rows.js';

/** @typedef {import('../state/rows.js').Row} Row */
/** @typedef {import('../state/state.js').State} State */
/** @typedef {{row: Row, element: HTMLElement}} Drawn */
/** @typedef {{key: string, top: number}} Anchor a row, and how far below the top of the view it is */

/**
 * @typedef {object} Gestures
 * @property {(atEnd: boolean) => void} scrolled
 * @property {() => void} nearStart
 * @property {() => void} nearEnd
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
  #target = 0;
  #arrivals = 0;
  /** Whether the room has just been opened, and is not shown yet. */
  #isNew = true;
  #pinned = true;
  /** @type {Anchor | null} what is being read, while that is not the end */
  #anchor = null;
  #lastTop = 0;
  #spacer = 0;
  /** Whether the list still holds what the server has put there, so that it could be read before any script ran. */
  #isEarly;

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
    this.#isEarly = list.classList.contains('early');
    scroller.addEventListener('scroll', () => this.#noticeScroll(), { passive: true });
    scroller.addEventListener('keydown', (event) => this.#stepped(event));
    // The box grows, the phone turns, the keyboard opens: what was in view stays there.
    const observer = new ResizeObserver(() => { this.#tellGutter(); this.#settle(); });
    observer.observe(scroller);
    observer.observe(list);
  }

  /**
   * @param {State} state
   * @returns {boolean} whether rows remain for the next frame
   */
  render(state) {
    this.#renderPill(state);
    const rows = rowsOf(state);
    if (this.#isEarly) this.#replaceEarly(state, rows.length);
    if (state.here !== this.#here || state.target !== this.#target || state.arrivals !== this.#arrivals) {
      this.#enter(state, rows === this.#rows);
    }
    if (rows === this.#rows) return false;
    this.#removeGone(rows);
    const finished = this.#bringUpToDate(rows);
    if (finished) this.#rows = rows;
    if (finished && rows.length > 0) this.#begin();
    this.#settle();
    if (finished) this.#lookAhead();
    return !finished;
  }

  /**
   * @param {State} state
   * @param {number} count of the lines that there are now
   */
  #replaceEarly({ here, rooms }, count) {
    const isElsewhere = this.#here !== '' && here !== this.#here;
    if (count === 0 && !rooms[here]?.span && !isElsewhere) return;
    this.#isEarly = false;
    this.#list.classList.remove('early', 'end');
    this.#list.replaceChildren();
  }

  /** @param {State} state */
  #renderPill({ below, atEnd, rooms, here }) {
    this.#pill.hidden = below === 0 && atEnd && !rooms[here]?.span?.after;
    const words = below > 0 ? t('talk.newMessages', { count: below }) : t('talk.latest');
    if (!this.#pill.hidden && this.#pill.textContent !== words) this.#pill.textContent = words;
  }

  /** The box below stands in line with the words, which have a scrollbar beside them. */
  #tellGutter() {
    const gutter = (this.#scroller.offsetWidth - this.#scroller.clientWidth) / 2;
    document.body.style.setProperty('--gutter', `${gutter}px`);
  }

  jumpToEnd() {
    this.#pin(true);
    this.#showEnd();
  }

  /**
   * @param {State} state
   * @param {boolean} isDrawn whether all of its rows are
   */
  #enter({ here, target, arrivals }, isDrawn) {
    const isElsewhere = here !== this.#here;
    this.#here = here;
    this.#target = target;
    this.#arrivals = arrivals;
    this.#isNew = true;
    if (target === 0 && isElsewhere) {
      this.#anchor = null;
      this.#pin(true);
    }
    if (!isElsewhere && isDrawn && this.#rows.length > 0) this.#begin();
  }

  /** Shows what a room was opened for: the message that is wanted, else where the unread begins. */
  #begin() {
    if (!this.#isNew) return;
    const key = this.#target > 0 ? this.#keyOf(this.#target) : 'new';
    const element = this.#drawn.get(key)?.element;
    // What is wanted may still be on its way.
    if (this.#target > 0 && !element) return;
    this.#isNew = false;
    if (!element) return;
    this.#anchor = { key, top: this.#scroller.clientHeight / 4 };
    this.#pin(false);
    this.#keepInPlace(this.#anchor);
    this.#noticeEnd();
    if (this.#target > 0) {
      element.classList.add('wanted');
      setTimeout(() => element.classList.remove('wanted'), 2500);
    }
  }

  /** @param {number} sequence */
  #keyOf(sequence) {
    const found = this.#rows.find((row) => row.kind === 'message' && row.message.sequence === sequence);
    return found?.key ?? '';
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
      if (drawn) replace(drawn.element, element);
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

  /**
   * The list is one stop of the Tab key, and the arrows walk in it from message to message.
   * @param {KeyboardEvent} event
   */
  #stepped(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !['ArrowUp', 'ArrowDown'].includes(event.key)) return;
    const focused = document.activeElement?.closest('.message');
    const messages = [...this.#list.querySelectorAll('.message')];
    const at = focused ? messages.indexOf(focused) : messages.length;
    const next = messages[at + (event.key === 'ArrowUp' ? -1 : 1)];
    if (!(next instanceof HTMLElement)) return;
    event.preventDefault();
    next.focus();
  }

  #noticeScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    // Its own doing: the anchor stands.
    if (scrollTop === this.#lastTop) return;
    // Only going up lets go of the end: growth below also leaves the end behind for a moment.
    if (scrollHeight - scrollTop - clientHeight > SLACK && scrollTop < this.#lastTop) this.#pin(false);
    this.#noticeEnd();
    this.#lastTop = scrollTop;
    this.#anchor = this.#pinned ? null : this.#findAnchor(this.#drawn);
    this.#lookAhead();
  }

  #noticeEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    if (scrollHeight - scrollTop - clientHeight <= SLACK) this.#pin(true);
  }

  #lookAhead() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    if (scrollTop - this.#spacer < EARLY) this.#gestures.nearStart();
    if (scrollHeight - scrollTop - clientHeight < EARLY) this.#gestures.nearEnd();
  }

  /** @param {boolean} pinned */
  #pin(pinned) {
    if (pinned === this.#pinned) return;
    this.#pinned = pinned;
    this.#gestures.scrolled(pinned);
  }
}

/**
 * @param {Row} one
 * @param {Row} other
 */
function isSame(one, other) {
  return Object.entries(one).every(([field, value]) => Object.is(value, /** @type {any} */ (other)[field]));
}

/**
 * A row that is drawn anew keeps the bar of buttons, and the focus.
 * @param {HTMLElement} before
 * @param {HTMLElement} after
 */
function replace(before, after) {
  const focused = before.contains(document.activeElement) ? document.activeElement : null;
  const bar = before.querySelector(':scope > .toolbar');
  if (bar && after.classList.contains('settled')) after.append(bar);
  before.replaceWith(after);
  if (focused === before) after.focus({ preventScroll: true });
  else if (focused instanceof HTMLElement && bar?.contains(focused)) focused.focus({ preventScroll: true });
}
