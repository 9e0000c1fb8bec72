// What the page asks of the server, and when: watches rooms, reads history, and sends what is to be said until it is safe.

import { forgetUnsent, keepUnsent, unsentOf } from './storage.js';
import { Refused } from './wire/requests.js';
import { newKey } from './wire/protocol.js';

/** @typedef {import('./state/reduce.js').Event} Event */
/** @typedef {import('./state/state.js').Message} Message */
/** @typedef {import('./state/state.js').State} State */
/** @typedef {import('./wire/requests.js').Requests} Requests */
/** @typedef {{replyTo?: number, thread?: number, mentions?: string[]}} About */

/** Messages that one page of history has. */
const PAGE = 50;
/** How long it takes until what was seen is told: scrolling by is not reading. */
const SEEN_AFTER = 1000;

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

  /** The connection is there, and the welcome is known. */
  async begin() {
    this.#reading.clear();
    this.#sendUnsent();
    const { rooms, here } = this.#state();
    const first = Object.keys(rooms).sort((one, other) => Number(other === here) - Number(one === here));
    for (const room of first) this.#quietly(this.#watch(room));
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
    if (id === this.#state().here) await this.load(id);
  }

  /**
   * Reads the newest messages of a room, unless they are known.
   * @param {string} id
   */
  async load(id) {
    const room = this.#state().rooms[id];
    if (room && room.upTo >= 0 && !room.span) await this.#read(id, {}, 'anew');
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
   * @param {string} room
   * @param {string} text
   * @param {About} about
   * @returns {boolean} whether it is taken care of; before the first welcome, nobody knows who says it
   */
  say(room, text, { replyTo = 0, thread = 0, mentions = [] } = {}) {
    if (!this.#state().rooms[room]) return false;
    const now = Date.now();
    /** @type {Message} */
    const message = {
      key: newKey(now), sequence: 0, at: now, by: this.#state().you.id, text, replyTo, thread, mentions,
      editedAt: 0, reactions: [], pinned: false, replies: 0, status: 'sending', trouble: '',
    };
    keepUnsent({ room, message });
    this.#dispatch({ kind: 'said', room, message });
    this.#quietly(this.#post(room, message));
    return true;
  }

  /**
   * @param {string} room
   * @param {Message} message one that failed
   */
  sayAgain(room, message) {
    this.#dispatch({ kind: 'say-again', room, key: message.key });
    this.#quietly(this.#post(room, message));
  }

  /**
   * @param {string} room
   * @param {Message} message one that failed
   */
  unsay(room, { key }) {
    forgetUnsent(key);
    this.#dispatch({ kind: 'unsaid', room, key });
  }

  /**
   * What was kept from before a reload, and what had no answer when the connection went. The key makes it safe to
   * send again what may have arrived.
   */
  #sendUnsent() {
    const { rooms, you } = this.#state();
    for (const { room, message } of unsentOf(you.id)) {
      const known = rooms[room]?.pending.find((one) => one.key === message.key);
      if (!known) this.#dispatch({ kind: 'said', room, message: { ...message, status: 'sending', trouble: '' } });
      if (known?.status !== 'failed') this.#quietly(this.#post(room, message));
    }
  }

  /**
   * @param {string} room
   * @param {Message} message
   */
  async #post(room, { key, text, replyTo, thread, mentions }) {
    const about = { ...(replyTo && { reply_to: replyTo }), ...(thread && { thread }), ...(mentions[0] && { mentions }) };
    try {
      const { sequence } = await this.#requests.ask({ type: 'post', room, key, text, ...about });
      forgetUnsent(key);
      this.#dispatch({ kind: 'settled', room, key, sequence });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.code !== 'lost') this.#dispatch({ kind: 'not-said', room, key, trouble: error.message });
    }
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

  #tellSeen() {
    const { rooms, here, atEnd, hidden } = this.#state();
    const room = rooms[here];
    if (!room || hidden || !atEnd || room.upTo <= room.readUpTo) return;
    this.#dispatch({ kind: 'read', room: here, upTo: room.upTo });
    this.#quietly(this.#requests.ask({ type: 'read', room: here, up_to: room.upTo }));
  }

  /**
   * What is lost with the connection is asked for again with the next one.
   * @param {Promise<void>} done
   */
  #quietly(done) {
    done.catch((error) => {
      if (!(error instanceof Refused)) throw error;
    });
  }
}
