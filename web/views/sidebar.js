// The rooms: which there are, where something is unread, and who asks for you.

import { t } from '../language.js';
import { ofRoom, settings } from '../settings.js';
import { isKeeper, moderates } from '../state/restraint.js';
import { pathOf } from '../router.js';
import { roomName } from '../words.js';
import { button, element, nameOf, patch, say } from './elements.js';

/** @typedef {import('../settings.js').Section} Section */
/** @typedef {import('../state/state.js').Room} Room */
/** @typedef {import('../state/state.js').State} State */

const MOST = 99;

export class Sidebar {
  #side;
  #list;
  #dot;
  /** @type {State | null} */
  #drawn = null;

  /**
   * @param {HTMLElement} side
   * @param {HTMLElement} dot says on a narrow screen that there is news elsewhere
   */
  constructor(side, dot) {
    this.#side = side;
    this.#list = /** @type {HTMLElement} */ (side.querySelector('.places'));
    this.#dot = dot;
  }

  /** Something is set that all lines depend on. */
  anew() {
    this.#drawn = null;
  }

  /** @param {State} state */
  render(state) {
    const before = this.#drawn;
    this.#drawn = state;
    const waits = isKeeper(state) ? state.todo + state.held.length : 0;
    this.#tellTodo(isKeeper(state) || Object.values(state.rooms).some((room) => room.visibility !== 'direct' && moderates(state, room)), waits);
    if (before && before.rooms === state.rooms && before.held === state.held && before.todo === state.todo && before.here === state.here && before.people === state.people) return;
    const rooms = Object.values(state.rooms).filter((room) => room.role !== '' || room.id === state.here);
    this.#dot.hidden = waits === 0 && !rooms.some((room) => room.id !== state.here && room.unread > 0 && !ofRoom(room.id).muted);
    const talk = rooms.filter((room) => room.visibility !== 'direct');
    const direct = rooms.filter((room) => room.visibility === 'direct');
    const { room: held, section } = document.activeElement instanceof HTMLElement ? document.activeElement.dataset : {};
    const sections = [
      this.#section('rooms', t('side.label'), talk, state, ['browse', t('side.browse')]),
      this.#section('direct', t('side.direct'), direct, state, ['direct', t('side.write')]),
    ];
    const list = this.#list.cloneNode(false);
    for (const one of settings().directFirst ? sections.reverse() : sections) list.appendChild(one);
    if (this.#list.childElementCount === 0) this.#list.append(...list.childNodes);
    else patch(this.#list, list);
    // What was focused is focused still, although it is drawn anew.
    const again = held ? this.#list.querySelector(`[data-room="${CSS.escape(held)}"]`)
      : section && this.#list.querySelector(`[data-section="${section}"]`);
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
  }

  /**
   * @param {boolean} keeps whether one keeps the peace
   * @param {number} waits what waits for that
   */
  #tellTodo(keeps, waits) {
    const made = /** @type {HTMLElement} */ (this.#side.querySelector('[data-does="moderation"]'));
    const count = /** @type {HTMLElement} */ (made.lastElementChild);
    made.hidden = !keeps;
    count.className = waits > 0 ? 'badge' : '';
    say(count, waits > MOST ? `${MOST}+` : waits > 0 ? String(waits) : '');
    count.title = waits > 0 ? t('side.todo', { count: waits }) : '';
  }

  /** @param {boolean} open */
  show(open) {
    document.body.classList.toggle('side-open', open);
    if (open) this.#side.focus();
  }

  /**
   * @param {Section} section of which, while it is folded, only what is open or unread is shown
   * @param {string} title
   * @param {Room[]} rooms
   * @param {State} state
   * @param {[string, string]} more
   */
  #section(section, title, rooms, state, [does, label]) {
    const add = button('icon add', '+', does);
    add.ariaLabel = label;
    add.title = label;
    add.dataset.testid = does;
    const isFolded = settings().folded.includes(section);
    const shown = isFolded ? rooms.filter((room) => room.id === state.here || isUnread(room)) : rooms;
    const head = button('fold', title, 'fold');
    head.dataset.section = section;
    head.ariaExpanded = String(!isFolded);
    const named = shown.map((room) => ({ room, name: roomName(room, state.people) }));
    named.sort((one, other) => Number(isFirst(other.room)) - Number(isFirst(one.room)) || one.name.localeCompare(other.name));
    const items = named.map(({ room, name }) => element('li', '', link(room, name, state.here)));
    return element('section', '', element('div', 'head', element('h2', '', head), add), element('ul', '', ...items));
  }
}

/** @param {Room} room */
function isFirst(room) {
  return room.name === 'lobby';
}

/** @param {Room} room */
function isUnread(room) {
  return room.unread > 0 && room.role !== '' && !ofRoom(room.id).muted;
}

/**
 * @param {Room} room
 * @param {string} name
 * @param {string} here
 */
function link(room, name, here) {
  const made = document.createElement('a');
  made.href = pathOf(room);
  made.className = `place ${room.visibility}`;
  made.dataset.room = room.id;
  made.dataset.does = 'go';
  made.append(element('span', 'name', nameOf(name)));
  const { muted = false } = ofRoom(room.id);
  made.classList.toggle('muted', muted);
  made.classList.toggle('unread', isUnread(room));
  if (room.id === here) made.ariaCurrent = 'page';
  // Who writes to you directly means you.
  const calls = room.visibility === 'direct' ? room.unread : room.mentions;
  if (calls > 0 && isUnread(room)) {
    const badge = element('span', 'badge', calls > MOST ? `${MOST}+` : String(calls));
    badge.title = t('side.calls', { count: calls });
    made.append(badge);
  } else if (isUnread(room)) {
    made.append(element('span', 'unseen', ` ${t('side.unread')}`));
  }
  return made;
}
