// Says things: each message is shown at once, kept until it is safe, and carried to the server by one tab at a time.

import { refusalOf } from './language.js';
import { carrying, forgetUnsent, isUnsent, keepUnsent, unsentOf } from './local/outbox.js';
import { newKey } from './wire/protocol.js';
import { Refused } from './wire/requests.js';

/** @typedef {import('./state/reduce.js').Event} Event */
/** @typedef {import('./state/state.js').Message} Message */
/** @typedef {import('./state/state.js').State} State */
/** @typedef {import('./wire/requests.js').Requests} Requests */
/** @typedef {{replyTo?: number, thread?: number, mentions?: string[]}} About */

export class Sender {
  #requests;
  #state;
  #dispatch;
  /** @type {Map<string, () => void>} what this tab carries or waits for, and how to put it down */
  #carried = new Map();

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
   * @param {string} room
   * @param {string} text
   * @param {About} about
   * @returns {boolean} whether it is taken care of; before this page knows who says it, it cannot be
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
    this.#carry(room, message);
    this.#post(room, message);
    return true;
  }

  /**
   * @param {string} room
   * @param {Message} message one that failed
   */
  sayAgain(room, message) {
    // A key has one answer for ever, and this one's is that it was refused.
    this.unsay(room, message);
    this.say(room, message.text, { ...message, mentions: [...message.mentions] });
  }

  /**
   * @param {string} room
   * @param {Message} message one that failed, or waits
   */
  unsay(room, { key }) {
    this.#putDown(key);
    this.#dispatch({ kind: 'unsaid', room, key });
  }

  /** What was kept from before, and what other tabs leave behind, becomes this one's to carry. */
  async takeUp() {
    for (const { room, message } of await unsentOf(this.#state().you.id)) {
      if (!this.#carried.has(message.key)) this.#carry(room, { ...message, status: 'sending', trouble: '' }, true);
    }
  }

  /** There is a connection: what had no answer when the last one went is sent again. The key makes that safe. */
  welcomed() {
    for (const room of Object.values(this.#state().rooms)) {
      for (const message of room.pending) if (message.status === 'sending') this.#post(room.id, message);
    }
    this.takeUp();
  }

  /**
   * @param {string} room
   * @param {Message} message
   * @param {boolean} isFound whether it was found in the outbox, and is not shown here yet
   */
  #carry(room, message, isFound = false) {
    const { key } = message;
    /** @type {Promise<void>} */
    const carried = new Promise((done) => this.#carried.set(key, done));
    carrying(key, async () => {
      if (isFound) {
        // The tab that carried it may have brought it there.
        if (!await isUnsent(key)) return void this.#carried.delete(key);
        this.#dispatch({ kind: 'said', room, message });
        this.#post(room, message);
      }
      await carried;
    });
  }

  /** @param {string} key */
  #putDown(key) {
    forgetUnsent(key);
    this.#carried.get(key)?.();
    this.#carried.delete(key);
  }

  /**
   * @param {string} room
   * @param {Message} message
   */
  async #post(room, { key, text, replyTo, thread, mentions }) {
    const about = { ...(replyTo && { reply_to: replyTo }), ...(thread && { thread }), ...(mentions[0] && { mentions }) };
    try {
      const { sequence, position, held } = await this.#requests.ask({ type: 'post', room, key, text, ...about });
      this.#putDown(key);
      if (!held) return this.#dispatch({ kind: 'settled', room, key, sequence });
      const { you, ahead } = this.#state();
      const kept = { withheld: position, room, sequence, at: Date.now() + ahead, by: you.id, text, ...(thread && { thread }) };
      this.#dispatch({ kind: 'held-back', room, key, held: kept });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.code !== 'lost') this.#dispatch({ kind: 'not-said', room, key, trouble: refusalOf(error) });
    }
  }
}
