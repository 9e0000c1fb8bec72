// All that waits for whoever keeps the peace, in one card: a part for each thing, its form above and its list below.

import { t } from '../language.js';
import { isKeeper } from '../state/restraint.js';
import { button, element } from '../views/elements.js';
import { audit } from './audit.js';
import { door } from './door.js';
import { filters } from './filters.js';
import { invites } from './invites.js';
import { reports } from './reports.js';
import { restraints } from './restraints.js';
import { rooms } from './rooms.js';
import { undo } from './undo.js';
import { withheld } from './withheld.js';

/** @typedef {import('./moderation.js').Chosen} Chosen */
/** @typedef {import('./moderation.js').Tools} Tools */
/** @typedef {import('../language.js').Key} Key */

/**
 * @typedef {object} Part one of the desk
 * @property {HTMLElement[]} [form] stays while the list changes
 * @property {() => Promise<HTMLElement[] | null>} list the items; null where they could not be read
 * @property {Key} nothing what is said of an empty list
 */

/**
 * @typedef {Tools & {again: () => Promise<void>, back: () => void, choose: (part: string) => void}} DeskTools again: reads
 *   the list anew; back: opens the part that was left for another card
 */

/** @type {[name: string, label: Key, part: (tools: DeskTools, chosen: Chosen) => Part][]} */
const PARTS = [
  ['reports', 'desk.reports', reports], ['withheld', 'desk.withheld', withheld], ['door', 'desk.door', door],
  ['invites', 'desk.invites', invites], ['restraints', 'desk.restraints', restraints], ['filters', 'desk.filters', filters],
  ['rooms', 'desk.rooms', rooms], ['undo', 'desk.undo', undo], ['audit', 'desk.audit', audit],
];
/** What is there for whoever moderates rooms alone. */
const IN_ROOMS = ['rooms'];

export class Desk {
  #tools;
  #at;
  #parts;
  /** @type {Chosen} */
  #chosen = {};
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
    this.#parts = PARTS.filter(([name]) => isKeeper(tools.state()) || IN_ROOMS.includes(name));
    this.#at = this.#parts[0]?.[0] ?? '';
    this.#tabs.setAttribute('role', 'group');
    this.#tabs.ariaLabel = t('desk.parts');
    this.#list.tabIndex = -1;
    this.#body.dataset.testid = 'desk';
  }

  /**
   * @param {string} at which part is shown
   * @param {Chosen} chosen what it begins with
   */
  open(at = this.#at, chosen = {}) {
    const { show, keeping } = this.#tools;
    this.#chosen = chosen;
    this.#choose(at);
    show(this.#body);
    const leave = keeping.watch(() => {
      if (this.#body.isConnected && this.#body.closest('dialog')?.open) this.#read();
      else leave();
    });
  }

  /** @param {string} at */
  #choose(at) {
    this.#at = at;
    const part = this.#parts.find(([name]) => name === at) ?? this.#parts[0];
    if (!part) return;
    this.#tabs.replaceChildren(...this.#parts.map(([name, label]) => this.#tab(name, label)));
    this.#part = part[2]({
      ...this.#tools, again: () => this.#read(), back: () => this.open(at), choose: (name) => this.#press(name),
    }, this.#chosen);
    this.#chosen = {};
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
    made.addEventListener('click', () => this.#press(name));
    return made;
  }

  /** @param {string} name */
  #press(name) {
    this.#choose(name);
    const again = this.#tabs.querySelector('[aria-current]');
    if (again instanceof HTMLElement) again.focus();
  }

  /** @returns {Promise<void>} */
  async #read() {
    const part = this.#part;
    if (!part) return;
    const items = await part.list();
    if (!items || part !== this.#part) return;
    // What was pressed goes with what it was about; the next one is where one goes on.
    const at = [...this.#list.children].findIndex((item) => item.contains(document.activeElement));
    this.#list.replaceChildren(...items);
    this.#nothing.textContent = items.length === 0 ? t(part.nothing) : '';
    if (at < 0) return;
    const next = this.#list.children[Math.min(at, items.length - 1)]?.querySelector('button, select');
    (next instanceof HTMLElement ? next : this.#list).focus();
  }
}
