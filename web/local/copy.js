// A copy of what was read lately, in the browser: what the page shows before, and without, a connection.

import { forget, read, write } from './database.js';

/** @typedef {import('../state/state.js').Named} Named */
/** @typedef {import('../state/state.js').People} People */
/** @typedef {import('../state/state.js').Room} Room */
/** @typedef {import('../state/state.js').State} State */
/** @typedef {{you: Named, people: People, most: number, rooms: Readonly<Record<string, Room>>}} Kept */

/** Messages that are kept of a room. */
const MESSAGES = 100;
/** Names that are kept. */
const PEOPLE = 5000;
/** What changes at once is written at once. */
const PAUSE = 400;

/** @returns {Promise<Kept | null>} what was kept, if anything was */
export async function recall() {
  const [about, rooms] = await Promise.all([
    read('about', (store) => store.get('me')), read('rooms', (store) => store.getAll()),
  ]);
  if (!about?.you?.id || !Array.isArray(rooms)) return null;
  return { ...about, rooms: Object.fromEntries(rooms.map((room) => [room.id, room])) };
}

export class LocalCopy {
  /** @type {Map<string, Room>} as it was written last */
  #written = new Map();
  /** @type {Pick<State, 'you' | 'people' | 'most'> | null} */
  #about = null;
  #state;
  /** @type {number | undefined} */
  #timer;
  #isOver = false;

  /** @param {() => State} state */
  constructor(state) {
    this.#state = state;
    // Nobody can say whether a hidden page is ever seen again.
    document.addEventListener('visibilitychange', () => document.hidden && this.#write());
    addEventListener('pagehide', () => this.#write());
  }

  /** @param {Kept} kept what need not be written again */
  knows(kept) {
    this.#written = new Map(Object.entries(kept.rooms));
  }

  /** Somebody else has this browser from now on: nothing is left for them, and nothing more is kept. */
  async forget() {
    this.#isOver = true;
    await forget();
  }

  /** Something has changed. */
  changed() {
    this.#timer ??= setTimeout(() => this.#write(), PAUSE);
  }

  #write() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { you, people, most, rooms } = this.#state();
    if (you.id === '' || this.#isOver) return;
    const members = Object.values(rooms).filter((room) => room.role !== '');
    const changed = members.filter((room) => this.#written.get(room.id) !== room && isWhole(room));
    const ids = new Set(members.map((room) => room.id));
    const gone = [...this.#written.keys()].filter((id) => !ids.has(id));
    const before = this.#about;
    const isNew = before?.you !== you || before.people !== people || before.most !== most;
    if (changed.length + gone.length === 0 && !isNew) return;
    for (const room of changed) this.#written.set(room.id, room);
    for (const id of gone) this.#written.delete(id);
    this.#about = { you, people, most };
    write(['rooms', 'about'], (store) => {
      for (const room of changed) store('rooms').put(copyOf(room), room.id);
      for (const id of gone) store('rooms').delete(id);
      if (isNew) store('about').put({ you, people: newest(people), most }, 'me');
    });
  }
}

/**
 * Whether what is known of the room goes up to its end. What was written before does so, too, with an earlier end.
 * @param {Room} room
 */
function isWhole(room) {
  return room.upTo >= 0 && !room.span?.after;
}

/**
 * @param {Room} room
 * @returns {Room} without what is only true now
 */
function copyOf(room) {
  const { span } = room;
  const messages = span?.messages.slice(-MESSAGES) ?? [];
  const kept = span && { messages, before: span.before || messages.length < span.messages.length, after: false };
  return { ...room, span: kept, pending: [], notices: [], typing: [], present: 0, newAfter: 0 };
}

/** @param {People} people */
function newest(people) {
  return Object.fromEntries(Object.entries(people).slice(-PEOPLE));
}
