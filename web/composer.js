// The box one writes in: sends, grows, keeps a draft, and never loses what was typed.

/** @typedef {import('./state.js').State} State */

const DRAFT = 'parlor.draft';
const NOT_NOW = 'Not sent: there is no connection. Your text stays here, and you can send it when you are back.';
const BACK = 'You are back. Your text is ready to send.';
const RETURNED = 'This may not have arrived, so here it is again.';

export class Composer {
  #form;
  #box;
  #hint;
  #post;
  #touch = matchMedia('(hover: none) and (pointer: coarse)');
  #growsByItself = CSS.supports('field-sizing', 'content');
  #refused = false;

  /**
   * @param {HTMLFormElement} form
   * @param {HTMLTextAreaElement} box
   * @param {HTMLElement} hint
   * @param {(text: string) => boolean} post answers whether the text is on its way
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
    this.#setText(box.value || recall());
    this.focus();
  }

  /** Not on touch, where it would cover half the page with a keyboard nobody asked for. */
  focus() {
    if (!this.#touch.matches) this.#box.focus({ preventScroll: true });
  }

  /** @param {State} state */
  render({ phase }) {
    if (this.#refused && phase === 'connected') {
      this.#refused = false;
      this.#hint.textContent = BACK;
    }
  }

  /** @param {readonly string[]} texts posts that probably failed */
  takeBack(texts) {
    this.#setText([...texts, this.#box.value].filter(Boolean).join('\n'));
    this.#hint.textContent = RETURNED;
  }

  #send() {
    // An Enter too many at the end is a habit of phones, not part of the message.
    const text = this.#box.value.trimEnd();
    if (text === '') return;
    if (!this.#post(text)) {
      this.#refused = true;
      this.#hint.textContent = NOT_NOW;
      return;
    }
    this.#setText('');
    this.#hint.textContent = '';
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
    keep(this.#box.value);
    if (this.#box.value === '') this.#refused = false;
    if (!this.#refused) this.#hint.textContent = '';
    this.#grow();
  }

  /** @param {string} text */
  #setText(text) {
    this.#box.value = text;
    keep(text);
    this.#grow();
  }

  #grow() {
    if (this.#growsByItself) return;
    this.#box.style.blockSize = 'auto';
    this.#box.style.blockSize = `${this.#box.scrollHeight}px`;
  }
}

// Storage may be switched off; a draft is a comfort, not a need.

/** @param {string} text */
function keep(text) {
  try {
    if (text) sessionStorage.setItem(DRAFT, text);
    else sessionStorage.removeItem(DRAFT);
  } catch { /* no storage, no draft */ }
}

function recall() {
  try {
    return sessionStorage.getItem(DRAFT) ?? '';
  } catch {
    return '';
  }
}
