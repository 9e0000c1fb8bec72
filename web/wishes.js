// What people wish, one function for each: it is asked of the server, and what is refused is told in a sentence.

import { refusalOf, t } from './language.js';
import { draftPlace, keepDraft } from './local/drafts.js';
import { searchHere } from './local/search.js';
import { LOBBY } from './state/state.js';
import { newKey } from './wire/protocol.js';
import { Refused } from './wire/requests.js';

/** @typedef {import('./state/pane.js').Found} Found */
/** @typedef {import('./state/reduce.js').Event} Event */
/** @typedef {import('./state/state.js').Message} Message */
/** @typedef {import('./state/state.js').State} State */
/** @typedef {import('./wire/protocol.js').WireRoom} WireRoom */
/** @typedef {import('./wire/requests.js').Request} Request */
/** @typedef {import('./wire/requests.js').Requests} Requests */

/** While somebody writes, others are told this often. */
const TYPING_EVERY = 3000;
/** Who is in a room is asked for at once; of more people it is not known who they are. */
const MEMBERS = 200;

export class Wishes {
  #requests;
  #state;
  #dispatch;
  #tell;
  #typedAt = 0;

  /**
   * @param {Requests} requests
   * @param {() => State} state
   * @param {(event: Event) => void} dispatch
   * @param {(sentence: string) => void} tell
   */
  constructor(requests, state, dispatch, tell) {
    this.#requests = requests;
    this.#state = state;
    this.#dispatch = dispatch;
    this.#tell = tell;
  }

  /**
   * @param {Request} request
   * @returns {Promise<any>} the answer; null where it was refused, of which people are told
   */
  async #wish(request) {
    try {
      return await this.#requests.ask(request);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#tell(error.code === 'lost' ? t('toast.lost') : refusalOf(error));
      return null;
    }
  }

  /**
   * @param {Request} request
   * @returns {Promise<any>} the answer; null where it was refused, of which people are told
   */
  look(request) { return this.#wish(request); }

  /**
   * @param {Request} request
   * @returns {Promise<any>} the answer; null where it was refused, of which people are told
   */
  order(request) { return this.#change(request); }

  /**
   * @param {Request} request
   * @returns {Promise<any>} the answer; null where it was refused
   */
  #change(request) {
    return this.#wish({ ...request, key: newKey(Date.now()) });
  }

  /**
   * @param {string} room
   * @param {number} message
   * @param {string} text kept as the draft of this edit, if it is refused
   * @param {string[]} mentions
   * @returns {boolean} whether it is taken care of, for which it takes a connection
   */
  edit(room, message, text, mentions) {
    if (this.#state().phase !== 'connected') {
      this.#tell(t('toast.lost'));
      return false;
    }
    this.#change({ type: 'edit', room, message, text, mentions })
      .then((done) => done ?? keepDraft(draftPlace(room, message), text));
    return true;
  }

  /**
   * @param {string} room
   * @param {number} message
   */
  remove(room, message) { return this.#change({ type: 'delete', room, message }); }

  /**
   * @param {string} room
   * @param {Message} message
   * @param {string} reaction one's own is taken back
   */
  react(room, message, reaction) {
    const own = message.reactions.some((one) => one.reaction === reaction && one.own);
    return this.#change({ type: own ? 'unreact' : 'react', room, message: message.sequence, reaction });
  }

  /**
   * @param {string} room
   * @param {Message} message a pinned one is unpinned
   */
  pin(room, { pinned, sequence }) {
    return this.#change({ type: pinned ? 'unpin' : 'pin', room, message: sequence });
  }

  /**
   * @param {string} room
   * @param {number} upTo
   */
  markUnread(room, upTo) { return this.#change({ type: 'read', room, up_to: upTo }); }

  /** @param {string} nickname */
  rename(nickname) { return this.#change({ type: 'rename', nickname }); }

  /**
   * @param {string} name
   * @param {string} topic
   * @param {string} visibility
   */
  create(name, topic, visibility) { return this.#change({ type: 'create_room', name, topic, visibility }); }

  /** @param {string[]} others */
  direct(others) { return this.#change({ type: 'open_direct', with: others }); }

  /** @param {string} room */
  join(room) { return this.#change({ type: 'join', room }); }

  /** @param {string} room */
  leave(room) { return this.#change({ type: 'leave', room }); }

  /**
   * @param {string} room
   * @param {string} topic
   */
  setTopic(room, topic) { return this.#change({ type: 'set_topic', room, topic }); }

  /**
   * @param {string} room
   * @param {boolean} open whether the whole web may read it
   */
  setWebAccess(room, open) { return this.#change({ type: 'set_web_access', room, open }); }

  /**
   * @param {string} room
   * @param {string} person
   */
  invite(room, person) { return this.#change({ type: 'invite', room, person }); }

  /**
   * @param {string} nickname
   * @returns {Promise<string | null>} the id
   */
  async person(nickname) { return (await this.#wish({ type: 'person', nickname }))?.person.id ?? null; }

  /** @returns {Promise<WireRoom[]>} */
  async publicRooms() { return (await this.#wish({ type: 'public_rooms', limit: 200 }))?.rooms ?? []; }

  /**
   * @param {string} room
   * @param {number} message
   * @param {string} reaction
   * @returns {Promise<string[]>} who shares it, by name
   */
  async reacted(room, message, reaction) {
    const answer = await this.#wish({ type: 'reacted', room, message, reaction });
    return Object.values(answer?.people ?? {});
  }

  /** @param {string} room */
  typing(room) {
    const now = Date.now();
    if (now - this.#typedAt < TYPING_EVERY || this.#state().phase !== 'connected') return;
    this.#typedAt = now;
    this.#wish({ type: 'typing', room });
  }

  /** What was written is said, so that writing on is news. */
  said() { this.#typedAt = 0; }

  /**
   * @param {string} room
   * @param {number} root
   */
  async thread(room, root) {
    this.#dispatch({ kind: 'pane', pane: { kind: 'thread', room, root, messages: null } });
    const [first, answers] = await Promise.all([
      this.#wish({ type: 'message', room, message: root }), this.#wish({ type: 'thread', room, message: root, limit: 200 }),
    ]);
    if (!first || !answers) return;
    const messages = [...first.messages, ...answers.messages];
    this.#dispatch({ kind: 'filled', messages, people: { ...first.people, ...answers.people } });
  }

  /** @param {string} room */
  async pins(room) {
    this.#dispatch({ kind: 'pane', pane: { kind: 'pins', room, messages: null } });
    const answer = await this.#wish({ type: 'pins', room });
    if (answer) this.#dispatch({ kind: 'filled', messages: answer.messages, people: answer.people });
  }

  /**
   * @param {string} room
   * @returns {Promise<boolean>} whether it is known now who is in the room, which was not known before
   */
  async members(room) {
    const { members, memberIds, visibility } = this.#state().rooms[room] ?? { members: 0, memberIds: [] };
    // Everybody is in the lobby, and in a direct room nobody else is meant.
    if (memberIds || room === LOBBY || visibility === 'direct' || members > MEMBERS) return false;
    const known = await this.#requests.ask({ type: 'members', room, limit: MEMBERS }).catch(() => null);
    if (!known) return false;
    this.#dispatch({ kind: 'known', people: known.people });
    const ids = known.members.map((/** @type {{person: string}} */ { person }) => person);
    this.#dispatch({ kind: 'members', room, ids });
    return true;
  }

  /** What was opened beside the talk without a connection is asked for once there is one. */
  askAgain() {
    const { pane, here } = this.#state();
    if (pane?.kind === 'thread' && !pane.messages) this.thread(pane.room, pane.root);
    // Which room that is may not have been known.
    if (pane?.kind === 'pins' && !pane.messages) this.pins(pane.room || here);
    if (pane?.kind === 'people' && pane.here.length === 0) this.people(pane.room || here);
  }

  /** @param {string} room */
  async people(room) {
    this.#dispatch({ kind: 'pane', pane: { kind: 'people', room, here: [], members: [] } });
    const [there, known] = await Promise.all([
      this.#wish({ type: 'present', room }), this.#wish({ type: 'members', room, limit: MEMBERS }),
    ]);
    if (!there || !known) return;
    this.#dispatch({ kind: 'known', people: known.people });
    const members = known.members.map((/** @type {{person: string}} */ { person }) => person);
    this.#dispatch({ kind: 'pane', pane: { kind: 'people', room, here: there.present, members } });
  }

  /**
   * @param {string} query
   * @param {string} cursor where to go on
   */
  async search(query, cursor = '') {
    const before = this.#state().pane;
    const known = before?.kind === 'search' ? before : { kind: /** @type {const} */ ('search'), query, asked: '', results: [], next: '', trouble: '' };
    this.#dispatch({ kind: 'pane', pane: { ...known, query, trouble: '' } });
    if (query.trim() === '') return this.#dispatch({ kind: 'pane', pane: { ...known, query, asked: '', results: [], next: '', trouble: '' } });
    if (this.#state().phase !== 'connected') {
      const results = searchHere(this.#state(), query);
      return this.#dispatch({ kind: 'pane', pane: { ...known, query, asked: query, results, next: '', trouble: '' } });
    }
    const ahead = -new Date().getTimezoneOffset();
    try {
      const answer = await this.#requests.ask({ type: 'search', query, minutes_ahead: ahead, ...(cursor && { cursor }) });
      const now = this.#state().pane;
      // What was asked meanwhile has its own answer.
      if (now?.kind !== 'search' || now.query !== query) return;
      this.#dispatch({ kind: 'known', people: answer.people });
      const results = cursor ? [...now.results, ...answer.results] : answer.results;
      this.#dispatch({ kind: 'pane', pane: { ...now, asked: query, results, next: answer.next ?? '' } });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const now = this.#state().pane;
      if (now?.kind === 'search' && now.query === query) this.#dispatch({ kind: 'pane', pane: { ...now, trouble: refusalOf(error) } });
    }
  }
}
