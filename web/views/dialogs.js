// Cards that ask one thing: a name, a room, a person, where to go.

import { t } from '../language.js';
import { button, element, nameOf } from './elements.js';

/** @typedef {{label: string, value?: string, placeholder?: string, optional?: boolean}} Field */
/** @typedef {{label: string, detail: string, chosen: () => void}} Choice */

const shortcuts = () => [
  ['Ctrl K', t('keys.switcher')], ['Ctrl Shift F', t('keys.search')], ['Alt ↑ ↓', t('keys.neighbour')],
  ['Alt Shift ↑ ↓', t('keys.unread')], [t('keys.inEmpty'), t('keys.editLast')],
  ['Enter', t('keys.send')], ['Shift Enter', t('keys.newLine')], [t('keys.signs'), t('keys.complete')],
  ['Ctrl B, I, E', t('keys.bold')], ['Esc', t('keys.escape')], ['F6', t('keys.region')],
  ['Ctrl ,', t('keys.settings')], ['Ctrl /', t('keys.help')],
];

export class Dialogs {
  #card;

  /**
   * @param {HTMLDialogElement} card
   * @param {() => void} closed
   */
  constructor(card, closed) {
    this.#card = card;
    card.addEventListener('close', closed);
    card.addEventListener('click', (event) => event.target === card && card.close());
  }

  /**
   * @param {string} title
   * @param {Field[]} fields
   * @param {string} label what the button says
   * @param {(values: string[]) => Promise<boolean>} done answers whether it was done
   * @param {HTMLElement[]} more
   */
  ask(title, fields, label, done, more = []) {
    const boxes = fields.map((field) => box(field));
    const send = element('button', 'strong', label);
    const form = element('form', '', element('h2', '', title), ...boxes.map((one) => one.row), ...more, send);
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (await done(boxes.map((one) => one.input.value.trim()))) this.#card.close();
    });
    this.#open(form);
    boxes[0]?.input.select();
  }

  /**
   * A box and a list that follows it.
   * @param {string} title
   * @param {string} placeholder
   * @param {(words: string) => Choice[] | Promise<Choice[]>} choices
   */
  choose(title, placeholder, choices) {
    const input = document.createElement('input');
    input.type = 'search';
    input.placeholder = placeholder;
    input.ariaLabel = title;
    const list = element('ul', 'choices');
    let at = 0;
    const mark = () => [...list.children].forEach((item, index) => {
      item.classList.toggle('at', index === at);
      if (index === at) item.scrollIntoView({ block: 'nearest' });
    });
    const draw = async () => {
      const words = input.value.trim();
      const found = await choices(words);
      if (input.value.trim() !== words) return;
      at = 0;
      list.replaceChildren(...found.map(({ label, detail, chosen }) => {
        const made = button('', '', '');
        made.append(nameOf(label), element('span', 'detail', detail));
        made.addEventListener('click', () => { this.#card.close(); chosen(); });
        return element('li', '', made);
      }));
      mark();
    };
    input.addEventListener('input', draw);
    input.addEventListener('keydown', (event) => {
      if (event.isComposing) return;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        at = Math.max(0, Math.min(list.children.length - 1, at + step));
        mark();
      } else if (event.key === 'Enter') {
        event.preventDefault();
        list.children[at]?.querySelector('button')?.click();
      }
    });
    this.#open(element('div', 'chooser', element('h2', '', title), input, list));
    draw();
    input.focus();
  }

  close() {
    this.#card.close();
  }

  shortcuts() {
    const lines = shortcuts().map(([keys = '', does = '']) => element('div', '', element('dt', '', element('kbd', '', keys)), element('dd', '', does)));
    this.#open(element('div', 'shortcuts', element('h2', '', t('keys.title')), element('dl', '', ...lines)));
  }

  /** @param {HTMLElement} content */
  show(content) {
    this.#open(content);
    content.querySelector('select')?.focus();
  }

  /** @param {HTMLElement} content */
  #open(content) {
    this.#card.replaceChildren(content);
    if (!this.#card.open) this.#card.showModal();
  }
}

/** @param {Field} field */
function box({ label, value = '', placeholder = '', optional = false }) {
  const input = document.createElement('input');
  input.value = value;
  input.placeholder = placeholder;
  input.required = !optional;
  input.autocomplete = 'off';
  return { input, row: element('label', '', element('span', '', label), input) };
}
