// All that waits for whoever keeps the peace, in one card: a part for each thing, its form above and its list below.

import { t } from '../language.js';
import { isKeeper } from '../state/restraint.js';
import { button, element } from '../views/elements.js';
import { door } from './door.js';
import { reports } from './reports.js';
import { withheld } from './withheld.js';

/** @typedef {import('./moderation.js').Tools} Tools */
/** @typedef {import('../language.js').Key} Key */

/**
 * @typedef {object} Part one of the desk
 * @property {HTMLElement[]} [form] stays while the list changes
 * @property {() => Promise<HTMLElement[] | null>} list the items; null where they could not be read
 * @property {Key} nothing what is said of an empty list
 */

/** @typedef {Tools & {again: () => Promise<void>, back: () => void}} DeskTools again: reads the list anew */

/** @type {[name: string, label: Key, part: (tools: DeskTools) => Part][]} */
const PARTS = [
  ['door', 'desk.door', door], ['reports', 'desk.reports', reports], ['withheld', 'desk.withheld', withheld],
];

export class Desk {
  #tools;
  #at = 'door';
  #tabs = element('div', 'tabs');
  #form = element('div', 'form');
  #list = element('ul', 'waiting');
  #nothing = element('p', 'nothing');
  #body = element('div', 'moderation desk', element('h2', '', t('desk.title')), this.#tabs, this.#form, this.#list, this.#nothing);
  /** @type {Part | null} */
  #part = null;

  /** @param {Tools} tools */
  constructor(tools) {
    this.#tools = tools;
    this.#tabs.setAttribute('role', 'group');
    this.#tabs.ariaLabel = t('desk.parts');
    this.#list.tabIndex = -1;
    this.#body.dataset.testid = 'desk';
  }

  /** @param {string} at which part is shown */
  async open(at = this.#at) {
    const { show, keeping } = this.#tools;
    this.#at = at;
    show(this.#body);
    this.#choose(at);
    const leave = keeping.watch(() => {
      if (this.#body.isConnected && this.#body.closest('dialog')?.open) this.#read();
      else leave();
    });
  }

  /** @param {string} at */
  #choose(at) {
    this.#at = at;
    const part = PARTS.find(([name]) => name === at) ?? PARTS[0];
    if (!part) return;
    this.#tabs.replaceChildren(...PARTS.map(([name, label]) => this.#tab(name, label)));
    this.#part = part[2]({ ...this.#tools, again: () => this.#read(), back: () => this.open(at) });
    this.#form.replaceChildren(...this.#part.form ?? []);
    this.#list.replaceChildren();
    this.#nothing.textContent = t('pane.moment');
    this.#list.ariaLabel = t(part[1]);
    this.#read();
  }

  /**
   * @param {string} name
   * @param {Key} label
   */
  #tab(name, label) {
    const made = button('tab', t(label), '');
    made.dataset.testid = `desk-${name}`;
    if (name === this.#at) made.ariaCurrent = 'page';
    made.addEventListener('click', () => {
      this.#choose(name);
      const again = this.#tabs.querySelector('[aria-current]');
      if (again instanceof HTMLElement) again.focus();
    });
    return made;
  }

  /** @returns {Promise<void>} */
  async #read() {
    const part = this.#part;
    if (!part || !isKeeper(this.#tools.state())) return;
    const items = await part.list();
    if (!items || part !== this.#part) return;
    // What was pressed goes with what it was about; the next one is where one goes on.
    const at = [...this.#list.children].findIndex((item) => item.contains(document.activeElement));
    this.#list.replaceChildren(...items);
    this.#nothing.textContent = items.length === 0 ? t(part.nothing) : '';
    if (at < 0) return;
    const next = this.#list.children[Math.min(at, items.length - 1)]?.querySelector('button');
    (next ?? this.#list).focus();
  }
}
