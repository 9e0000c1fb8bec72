// The box one writes in: sends, grows, keeps a draft, and never loses what was typed.

import { settings } from '../settings.js';
import { draftOf, keepDraft } from '../local/drafts.js';

/** @type {Readonly<Record<string, string>>} what Control and a key puts around the chosen words */
const MARKS = { b: '**', i: '_', e: '`' };
/** From this part of the longest message on, one is told how much is left. */
const NEAR = 0.9;

/**
 * @typedef {object} Gestures
 * @property {(text: string) => boolean} post answers whether the text is taken care of
 * @property {() => boolean} hasMore whether there is something to post without a text
 * @property {() => void} typing
 * @property {() => void} editLast
 */

export class Composer {
  #form;
  #box;
  #gestures;
  #touch = matchMedia('(hover: none) and (pointer: coarse)');
  #growsByItself = CSS.supports('field-sizing', 'content');
  #place = '';

  /**
   * @param {HTMLFormElement} form
   * @param {HTMLTextAreaElement} box
   * @param {Gestures} gestures
   */
  constructor(form, box, gestures) {
    this.#form = form;
    this.#box = box;
    this.#gestures = gestures;
    form.addEventListener('submit', (event) => { event.preventDefault(); this.#send(); });
    // A press on the button must not close a phone's keyboard.
    form.addEventListener('mousedown', (event) => event.target instanceof HTMLButtonElement && event.preventDefault());
    box.addEventListener('keydown', (event) => this.#pressed(event));
    box.addEventListener('paste', (event) => this.#pasted(event));
    box.addEventListener('input', () => { this.#changed(); if (box.value.trim()) gestures.typing(); });
  }

  /** Not on touch, where it would cover half the page with a keyboard nobody asked for. */
  focus() {
    if (!this.#touch.matches) this.#box.focus({ preventScroll: true });
  }

  /**
   * What stands in the box belongs to a place: a room, a thread, a message that is edited.
   * @param {string} place
   * @param {string} text what stands there at first
   */
  show(place, text = '') {
    if (place === this.#place) return;
    // What was typed before there was anything else belongs to the first place.
    const early = this.#place === '' ? this.#box.value : '';
    this.#place = place;
    this.#box.dataset.place = place;
    this.#setText(early || draftOf(place) || text);
  }

  /** The drafts are known now: the one of this place stands in the box, unless something else does by now. */
  recall() {
    if (this.#place && this.#box.value === '') this.#setText(draftOf(this.#place));
  }

  /** @param {string} text what is answered, for everybody to see */
  quote(text) {
    const quoted = text.split('\n').map((line) => `> ${line}`).join('\n');
    this.#setText(`${[this.#box.value.trimEnd(), quoted].filter(Boolean).join('\n')}\n`);
    this.focus();
  }

  /**
   * @param {number} most octets of a message
   * @returns {number | null} how many are left, once that is worth knowing
   */
  left(most) {
    const { value } = this.#box;
    // No letter has more than three octets here: a pair of halves has four.
    if (value.length * 3 < most * NEAR) return null;
    const left = most - new TextEncoder().encode(value.trimEnd()).length;
    return left < most * (1 - NEAR) ? left : null;
  }

  /** @param {string} text what could not be said */
  putBack(text) {
    this.#setText([text, this.#box.value].filter(Boolean).join('\n'));
    this.focus();
  }

  #send() {
    // An Enter too many at the end is a habit of phones, not part of the message.
    const text = this.#box.value.trimEnd();
    if (text === '' && !this.#gestures.hasMore()) return;
    const place = this.#place;
    if (!this.#gestures.post(text)) return;
    keepDraft(place, '');
    if (place === this.#place) this.#setText('');
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.key === 'ArrowUp' && this.#box.value === '' && !event.altKey) {
      event.preventDefault();
      return this.#gestures.editLast();
    }
    const ctrl = event.ctrlKey || event.metaKey;
    const mark = ctrl && !event.altKey && !event.shiftKey ? MARKS[event.key.toLowerCase()] : undefined;
    if (mark) {
      event.preventDefault();
      return this.#wrap(mark, mark);
    }
    const sends = ctrl || (settings().enterSends && !event.shiftKey && !this.#touch.matches);
    if (event.key !== 'Enter' || !sends) return;
    // Safari ends a composition before this event and tells only through the old key code.
    if (event.isComposing || event.keyCode === 229 || (this.#isInCode() && !ctrl)) return;
    event.preventDefault();
    if (!event.repeat) this.#form.requestSubmit();
  }

  /**
   * @param {string} before
   * @param {string} after
   */
  #wrap(before, after) {
    const { selectionStart: from, selectionEnd: to, value } = this.#box;
    this.#box.setRangeText(before + value.slice(from, to) + after, from, to, 'end');
    this.#box.setSelectionRange(from + before.length, to + before.length);
    this.#box.dispatchEvent(new Event('input', { bubbles: true }));
  }

  /** @param {ClipboardEvent} event an address over words makes a link of them */
  #pasted(event) {
    const address = event.clipboardData?.getData('text/plain').trim() ?? '';
    const { selectionStart, selectionEnd } = this.#box;
    if (selectionStart === selectionEnd || !/^https?:\/\/\S+$/.test(address)) return;
    event.preventDefault();
    this.#wrap('[', `](${address})`);
  }

  /** Between fences, Enter begins a line. */
  #isInCode() {
    const before = this.#box.value.slice(0, this.#box.selectionStart);
    return (before.match(/^```/gm)?.length ?? 0) % 2 === 1;
  }

  #changed() {
    if (this.#place) keepDraft(this.#place, this.#box.value);
    if (this.#growsByItself) return;
    this.#box.style.blockSize = 'auto';
    this.#box.style.blockSize = `${this.#box.scrollHeight}px`;
  }

  /** @param {string} text */
  #setText(text) {
    this.#box.value = text;
    this.#changed();
  }
}
