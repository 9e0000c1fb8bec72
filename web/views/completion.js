// Completes what is typed after @, #, : and / while it is typed.

import { element, nameOf } from './elements.js';

/** @typedef {{sign: string, label: string, text: string, hint?: string}} Suggestion */

const MOST = 6;
const BEGUN = /(?:(?:^|\s)([@:#])|^(\/))([\p{L}\p{N}_-]{0,30})$/u;

export class Completion {
  #box;
  #list;
  #suggest;
  /** @type {Suggestion[]} */
  #found = [];
  #at = 0;
  #from = 0;

  /**
   * @param {HTMLTextAreaElement} box
   * @param {HTMLElement} list
   * @param {(sign: string, words: string) => Suggestion[]} suggest
   */
  constructor(box, list, suggest) {
    this.#box = box;
    this.#list = list;
    this.#suggest = suggest;
    box.setAttribute('aria-controls', list.id);
    box.setAttribute('aria-autocomplete', 'list');
    box.addEventListener('input', () => this.look());
    box.addEventListener('blur', () => this.#close());
    box.addEventListener('keydown', (event) => this.#pressed(event), { capture: true });
    list.addEventListener('mousedown', (event) => {
      event.preventDefault();
      const item = event.target instanceof Element ? event.target.closest('li') : null;
      const index = item ? [...list.children].indexOf(item) : -1;
      if (index >= 0) this.#take(index);
    });
  }

  /** Looks at what is typed, and for what it may become. */
  look() {
    const before = this.#box.value.slice(0, this.#box.selectionStart);
    const [, inside, first, words = ''] = BEGUN.exec(before) ?? [];
    const sign = inside ?? first ?? '';
    // A colon alone is more often only a colon.
    if (!sign || (sign === ':' && words.length < 2)) return this.#close();
    this.#from = before.length - words.length - 1;
    this.#found = this.#suggest(sign, words.toLowerCase()).slice(0, MOST);
    // What stands there completely needs no completing, and Enter means it.
    if (this.#found[0]?.text.trimEnd() === sign + words) this.#found = [];
    this.#at = 0;
    this.#draw();
  }

  #draw() {
    this.#list.hidden = this.#found.length === 0;
    this.#list.replaceChildren(...this.#found.map(({ sign, label, hint }, index) => {
      const item = element('li', index === this.#at ? 'at' : '', element('span', 'sign', sign), nameOf(label), ...(hint ? [element('span', 'hint', hint)] : []));
      item.id = `completion-${index}`;
      item.setAttribute('role', 'option');
      item.ariaSelected = String(index === this.#at);
      return item;
    }));
    if (this.#found.length > 0) this.#box.setAttribute('aria-activedescendant', `completion-${this.#at}`);
    else this.#box.removeAttribute('aria-activedescendant');
  }

  #close() {
    if (this.#found.length === 0) return;
    this.#found = [];
    this.#draw();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (this.#found.length === 0 || event.isComposing) return;
    switch (event.key) {
      case 'ArrowDown': this.#at = (this.#at + 1) % this.#found.length; this.#draw(); break;
      case 'ArrowUp': this.#at = (this.#at + this.#found.length - 1) % this.#found.length; this.#draw(); break;
      case 'Tab': case 'Enter': this.#take(this.#at); break;
      case 'Escape': this.#close(); break;
      default: return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    event.stopPropagation();
  }

  /** @param {number} index */
  #take(index) {
    const chosen = this.#found[index];
    if (!chosen) return;
    this.#box.setRangeText(chosen.text, this.#from, this.#box.selectionStart, 'end');
    this.#close();
    this.#box.dispatchEvent(new Event('input', { bubbles: true }));
  }
}
