// What the page asks of the server, and when: watches rooms, reads history, and tells what was seen.

import { Refused } from './wire/requests.js';

/** @typedef {import('./state/reduce.js').Event} Event */
/** @typedef {import('./state/state.js').Named} Named */
/** @typedef {import('./state/state.js').State} State */
/** @typedef {import('./wire/protocol.js').WireRoom} WireRoom */
/** @typedef {import('./wire/requests.js').Requests} Requests */

/** Messages that one page of history has. */
const PAGE = 50;
/** How long it takes until what was seen is told: scrolling by is not reading. */
const SEEN_AFTER = 1000;
/** Rooms whose newest messages are fetched before anybody asks for them. */
const AHEAD = 20;
/** Messages that are read one by one when they are there again. */
const FEW = 20;

export class Session {
  #requests;
  #state;
  #dispatch;
  /** @type {Set<string>} rooms whose history is being read */
  #reading = new Set();
  /** @type {number | undefined} */
  #seen;

  /**
   * @param {Requests} requests
   * @param {() => State} state
   * @param {(event: Event) => void} dispatch
   */
  constructor(requests, state, dispatch) {
    this.#requests = requests;
    this.#state = state;
    this.#dispatch = dispatch;
  }

  /**
   * The connection is there, and the welcome is known.
   * @returns {Promise<void>} when everything that was missed is there, or the connection is lost again
   */
  async welcomed() {
    this.#reading.clear();
    await this.#quietly(this.#begin());
    this.#quietly(this.#lookAhead());
  }

  async #begin() {
    await this.#lookIn();
    const { rooms, here } = this.#state();
    const first = Object.keys(rooms).sort((one, other) => Number(other === here) - Number(one === here));
    await Promise.all(first.map((room) => this.#quietly(this.#watch(room))));
  }

  /** What is in memory is shown at once, and can be read without a connection. One room after the other. */
  async #lookAhead() {
    const empty = Object.values(this.#state().rooms).filter((room) => !room.span && room.last > 0 && room.role !== '');
    for (const { id } of empty.sort((one, other) => other.unread - one.unread).slice(0, AHEAD)) {
      if (!this.#state().rooms[id]?.span) await this.#read(id, {}, 'anew');
    }
  }

  /**
   * Nothing is missed and nothing comes twice: it goes on from the last place that was told.
   * @param {string} id
   */
  async #watch(id) {
    for (let more = true; more;) {
      const room = this.#state().rooms[id];
      if (!room) return;
      const after = room.upTo >= 0 ? { after: room.upTo } : {};
      const answer = await this.#requests.ask({ type: 'subscribe', room: id, ...after });
      this.#dispatch({ kind: 'caught-up', room: id, answer });
      more = answer.more || answer.gap;
    }
    if (id !== this.#state().here) return;
    await this.#load(id);
    this.#quietly(this.#meet(id));
  }

  /**
   * Whoever is here can be called by name, also before they have said anything.
   * @param {string} id
   */
  async #meet(id) {
    const { present } = await this.#requests.ask({ type: 'present', room: id });
    this.#dispatch({ kind: 'known', people: namesOf(present) });
  }

  /**
   * The rooms that one is in have changed. What is lost with the connection, the next one begins with.
   * @returns {Promise<void>}
   */
  refresh() {
    return this.#quietly(this.#refresh());
  }

  async #refresh() {
    const { rooms, people } = await this.#requests.ask({ type: 'rooms' });
    this.#dispatch({ kind: 'rooms', rooms, people });
    await Promise.all(Object.values(this.#state().rooms).filter((room) => room.upTo < 0).map(({ id }) => this.#watch(id)));
  }

  /** The address may name a public room that one is not in. */
  async #lookIn() {
    const { wanted } = this.#state();
    if (wanted === null) return;
    let after = '';
    for (let more = true; more && wanted.kind === 'name';) {
      const { rooms } = await this.#requests.ask({ type: 'public_rooms', limit: 200, after });
      const found = rooms.find((/** @type {WireRoom} */ room) => room.name.toLowerCase() === wanted.room.toLowerCase());
      if (found) return this.#dispatch({ kind: 'looked-in', room: found });
      after = rooms.at(-1)?.name ?? '';
      more = rooms.length === 200;
    }
    this.#dispatch({ kind: 'visit', room: this.#state().here, target: 0 });
  }

  /** Somebody goes to another room, or to a message in one. */
  arrive() {
    if (this.#state().phase === 'connected') this.#quietly(this.#arrive());
  }

  async #arrive() {
    await this.#lookIn();
    const { here, rooms } = this.#state();
    if (rooms[here] && rooms[here].upTo < 0) await this.#watch(here);
    else await this.#load(here);
  }

  /**
   * Reads what there is to see of a room first: around the message that is wanted, else from where the unread begins.
   * @param {string} id
   */
  async #load(id) {
    const { rooms, target } = this.#state();
    const room = rooms[id];
    if (!room || room.upTo < 0) return;
    if (target > 0) {
      if (!room.span?.messages.some((message) => message.sequence === target)) {
        await this.#read(id, { around: target }, 'anew');
      }
    } else if (!room.span || !reaches(room.span, room.newAfter)) {
      const isFar = room.newAfter > 0 && room.unread > PAGE / 2;
      await this.#read(id, isFar ? { around: room.newAfter } : {}, 'anew');
    }
  }

  /** The newest messages are wanted, wherever one is. */
  latest() {
    const { here, rooms } = this.#state();
    if (rooms[here]?.span?.after) this.#quietly(this.#read(here, {}, 'anew'));
  }

  /**
   * Reads what stands before what is known.
   * @param {string} id
   */
  older(id) {
    const span = this.#state().rooms[id]?.span;
    const first = span?.messages[0]?.sequence;
    if (span?.before && first) this.#quietly(this.#read(id, { before: first }, 'before'));
  }

  /**
   * Reads what stands after what is known.
   * @param {string} id
   */
  newer(id) {
    const span = this.#state().rooms[id]?.span;
    const last = span?.messages.at(-1)?.sequence;
    if (span?.after && last) this.#quietly(this.#read(id, { after: last }, 'after'));
  }

  /**
   * @param {string} id
   * @param {Record<string, number>} place
   * @param {'before' | 'after' | 'anew'} where
   */
  async #read(id, place, where) {
    if (this.#reading.has(id)) return;
    this.#reading.add(id);
    try {
      const page = await this.#requests.ask({ type: 'history', room: id, limit: PAGE, ...place });
      this.#dispatch({ kind: 'page', room: id, page, where });
    } finally {
      this.#reading.delete(id);
    }
  }

  /**
   * Something was undone in a room, or is there again: messages by themselves if they are few, else all anew.
   * @param {string} id
   * @param {number[]} messages that are there again
   */
  reread(id, messages) {
    const { here, atEnd, rooms } = this.#state();
    const span = rooms[id]?.span;
    if (!span) return;
    if (messages.length > 0 && messages.length <= FEW) this.#quietly(this.#bring(id, messages, span));
    else if (id !== here || atEnd) this.#quietly(this.#read(id, {}, 'anew'));
  }

  /**
   * @param {string} id
   * @param {number[]} messages
   * @param {import('./state/state.js').Span} span
   */
  async #bring(id, messages, { before, messages: known }) {
    const near = messages.filter((message) => !before || message > (known[0]?.sequence ?? 0));
    const found = await Promise.all(near.map((message) => this.#requests.ask({ type: 'message', room: id, message })));
    const page = { messages: found.flatMap((one) => one.messages), people: Object.assign({}, ...found.map((one) => one.people)), before, after: false };
    this.#dispatch({ kind: 'page', room: id, page, where: 'before' });
  }

  /** Whatever has changed: if the newest message is in view, it is read. */
  notice() {
    const { rooms, here, atEnd, hidden, phase } = this.#state();
    const room = rooms[here];
    if (!room?.span || hidden || !atEnd || phase !== 'connected' || room.upTo <= room.readUpTo) return;
    this.#seen ??= setTimeout(() => {
      this.#seen = undefined;
      this.#tellSeen();
    }, SEEN_AFTER);
  }

  /** What is in view is read, if one leaves it now. */
  leave() {
    clearTimeout(this.#seen);
    this.#seen = undefined;
    if (this.#state().phase === 'connected') this.#tellSeen();
  }

  #tellSeen() {
    const { rooms, here, atEnd, hidden } = this.#state();
    const room = rooms[here];
    if (!room?.span || hidden || !atEnd || room.upTo <= room.readUpTo) return;
    this.#dispatch({ kind: 'read', room: here, upTo: room.upTo });
    this.#quietly(this.#requests.ask({ type: 'read', room: here, up_to: room.upTo }));
  }

  /**
   * What is lost with the connection is asked for again with the next one.
   * @param {Promise<void>} done
   */
  #quietly(done) {
    return done.catch((error) => {
      if (!(error instanceof Refused)) throw error;
    });
  }
}

/**
 * @param {import('./state/state.js').Span} span
 * @param {number} place
 */
function reaches(span, place) {
  return place === 0 || !span.before || (span.messages[0]?.sequence ?? 0) <= place;
}

/**
 * @param {Named[]} people
 * @returns {Record<string, string>}
 */
function namesOf(people) {
  return Object.fromEntries(people.map(({ id, name }) => [id, name]));
}
