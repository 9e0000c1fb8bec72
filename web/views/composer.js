// The box one writes in: sends, grows, keeps a draft, and never loses what was typed.

import { draftOf, keepDraft } from '../storage.js';
import { say } from './elements.js';

/** @typedef {import('../state/state.js').State} State */

const LATER = 'There is no connection. This will be sent when you are back.';

export class Composer {
  #form;
  #box;
  #hint;
  #post;
  #touch = matchMedia('(hover: none) and (pointer: coarse)');
  #growsByItself = CSS.supports('field-sizing', 'content');
  #here = '';

  /**
   * @param {HTMLFormElement} form
   * @param {HTMLTextAreaElement} box
   * @param {HTMLElement} hint
   * @param {(text: string) => boolean} post answers whether the text is taken care of
   */
  constructor(form, box, hint, post) {
    this.#form = form;
    this.#box = box;
    this.#hint = hint;
    this.#post = post;
    form.addEventListener('submit', (event) => { event.preventDefault(); this.#send(); });
    // A press on the button must not close a phone's keyboard.
    form.addEventListener('mousedown', (event) => event.target !== box && event.preventDefault());
    box.addEventListener('keydown', (event) => this.#pressed(event));
    box.addEventListener('input', () => this.#changed());
    document.addEventListener('keydown', (event) => this.#typedElsewhere(event));
    this.focus();
  }

  /** Not on touch, where it would cover half the page with a keyboard nobody asked for. */
  focus() {
    if (!this.#touch.matches) this.#box.focus({ preventScroll: true });
  }

  /** @param {State} state */
  render({ here, phase, rooms }) {
    const waits = rooms[here]?.pending.some((message) => message.status === 'sending');
    say(this.#hint, phase === 'reconnecting' && waits ? LATER : '');
    if (here === this.#here) return;
    // What was typed before there was anything else belongs to the first room.
    const early = this.#here === '' ? this.#box.value : '';
    this.#here = here;
    this.#setText(early || draftOf(here));
  }

  /** @param {string} text what could not be said */
  putBack(text) {
    this.#setText([text, this.#box.value].filter(Boolean).join('\n'));
    this.focus();
  }

  #send() {
    // An Enter too many at the end is a habit of phones, not part of the message.
    const text = this.#box.value.trimEnd();
    if (text === '') return;
    if (this.#post(text)) this.#setText('');
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.key !== 'Enter' || event.shiftKey || this.#touch.matches) return;
    // Safari ends a composition before this event and tells only through the old key code.
    if (event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    if (!event.repeat) this.#form.requestSubmit();
  }

  /**
   * Whoever starts typing anywhere means the box.
   * @param {KeyboardEvent} event
   */
  #typedElsewhere({ key, target, ctrlKey, metaKey, altKey }) {
    if (target instanceof HTMLButtonElement || target === this.#box) return;
    if (key.length === 1 && key !== ' ' && !ctrlKey && !metaKey && !altKey) this.focus();
  }

  #changed() {
    keepDraft(this.#here, this.#box.value);
    this.#grow();
  }

  /** @param {string} text */
  #setText(text) {
    this.#box.value = text;
    this.#changed();
  }

  #grow() {
    if (this.#growsByItself) return;
    this.#box.style.blockSize = 'auto';
    this.#box.style.blockSize = `${this.#box.scrollHeight}px`;
  }
}
