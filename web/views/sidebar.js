// The rooms: which there are, where something is unread, and who asks for you.

import { t } from '../language.js';
import { ofRoom } from '../settings.js';
import { pathOf } from '../router.js';
import { roomName } from '../words.js';
import { button, element, nameOf } from './elements.js';

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
    if (before && before.rooms === state.rooms && before.here === state.here && before.people === state.people) return;
    const rooms = Object.values(state.rooms).filter((room) => room.role !== '' || room.id === state.here);
    this.#dot.hidden = !rooms.some((room) => room.id !== state.here && room.unread > 0 && !ofRoom(room.id).muted);
    const talk = rooms.filter((room) => room.visibility !== 'direct');
    const direct = rooms.filter((room) => room.visibility === 'direct');
    const held = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.room : undefined;
    this.#list.replaceChildren(
      this.#section(t('side.label'), talk, state, ['browse', t('side.browse')]),
      this.#section(t('side.direct'), direct, state, ['direct', t('side.write')]),
    );
    // What was focused is focused still, although it is drawn anew.
    const again = held && this.#list.querySelector(`[data-room="${CSS.escape(held)}"]`);
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
  }

  /** @param {boolean} open */
  show(open) {
    document.body.classList.toggle('side-open', open);
    if (open) this.#side.focus();
  }

  /**
   * @param {string} title
   * @param {Room[]} rooms
   * @param {State} state
   * @param {[string, string]} more
   */
  #section(title, rooms, state, [does, label]) {
    const add = button('icon add', '+', does);
    add.ariaLabel = label;
    add.title = label;
    add.dataset.testid = does;
    const named = rooms.map((room) => ({ room, name: roomName(room, state.people) }));
    named.sort((one, other) => Number(isFirst(other.room)) - Number(isFirst(one.room)) || one.name.localeCompare(other.name));
    const items = named.map(({ room, name }) => element('li', '', link(room, name, state.here)));
    return element('section', '', element('div', 'head', element('h2', '', title), add), element('ul', '', ...items));
  }
}

/** @param {Room} room */
function isFirst(room) {
  return room.name === 'lobby';
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
  const isUnread = room.unread > 0 && room.role !== '' && !muted;
  made.classList.toggle('unread', isUnread);
  if (room.id === here) made.ariaCurrent = 'page';
  // Who writes to you directly means you.
  const calls = room.visibility === 'direct' ? room.unread : room.mentions;
  if (calls > 0 && isUnread) {
    const badge = element('span', 'badge', calls > MOST ? `${MOST}+` : String(calls));
    badge.title = t('side.calls', { count: calls });
    made.append(badge);
  } else if (isUnread) {
    made.append(element('span', 'unseen', ` ${t('side.unread')}`));
  }
  return made;
}
