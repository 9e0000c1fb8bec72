// One WebSocket that comes back by itself: growing, jittered pauses, and an ear for the network.

import { SUBPROTOCOL, decode } from './protocol.js';

/** @typedef {Record<string, unknown> & {type: string}} Line */
/** @typedef {'connecting' | 'connected' | 'reconnecting'} Phase */
/** @typedef {'lost' | 'offline' | 'restarting' | 'behind' | 'signed-out' | 'shut-out' | 'kicked' | 'not-invited' | 'waiting'} Trouble */

/** @type {ReadonlyMap<string, Trouble>} why a server does not let in, by what the reason of the close begins with */
const REFUSED = new Map([
  ['banned', 'shut-out'], ['range-banned', 'shut-out'], ['undone', 'shut-out'], ['kicked', 'kicked'],
  ['not-invited', 'not-invited'], ['invite-invalid', 'not-invited'],
]);
/** After these, somebody has to say that they come back. */
const RESTING = ['signed-out', 'kicked'];
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;
/** A server that asks for more is not believed. */
const LONGEST_ADVISED = 120_000;
/** A server that never says welcome is as good as absent. */
const WELCOME_WITHIN = 10_000;
/** Only a connection that lasted this long makes the next pauses short again. */
const STEADY_AFTER = 10_000;

/**
 * The pause before attempt n (from 0): doubles up to a limit. Half of it is
 * random, so that a restarted server is not met by everybody at once.
 * @param {number} attempt
 * @param {number} chance from 0 up to 1
 */
export function pauseBefore(attempt, chance) {
  const full = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** attempt);
  return full / 2 + (full / 2) * chance;
}

export class Connection {
  #url;
  #onLine;
  #onPhase;
  /** @type {WebSocket | null} */
  #socket = null;
  #attempt = 0;
  #rests = false;
  #welcomed = false;
  /** @type {number | undefined} the next attempt, while waiting for it */
  #pause;
  /** @type {number | undefined} gives up on a silent server, then watches for steadiness */
  #watch;

  /**
   * @param {() => string} url
   * @param {(line: Line) => void} onLine
   * @param {(phase: Phase, trouble: Trouble, why: string) => void} onPhase why: in the words of who closed it
   */
  constructor(url, onLine, onPhase) {
    this.#url = url;
    this.#onLine = onLine;
    this.#onPhase = onPhase;
    addEventListener('online', () => this.#wake());
    addEventListener('offline', () => this.#lose('offline'));
    // A page that is put aside keeps its socket and would stay in the room as a ghost.
    addEventListener('pagehide', () => this.#lose('lost'));
    addEventListener('pageshow', (event) => event.persisted && this.#wake());
    document.addEventListener('visibilitychange', () => document.hidden || this.#wake());
  }

  open() {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#rests = false;
    const socket = new WebSocket(this.#url(), SUBPROTOCOL);
    this.#socket = socket;
    // Events of a socket that was given up must not speak for its successor.
    const current = () => this.#socket === socket;
    socket.addEventListener('message', (event) => current() && this.#read(event.data));
    socket.addEventListener('close', (event) => current() && this.#lose(troubleOf(event.code, event.reason), event.reason));
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#lose('lost'), WELCOME_WITHIN);
  }

  /** Tries at once, if it is waiting for the next attempt, or for somebody to wish for one. */
  retry() {
    if (this.#pause !== undefined || this.#rests) this.open();
  }

  #wake() {
    if (this.#pause !== undefined) this.open();
  }

  /** Leaves, and comes back at once as who one is by now. */
  again() {
    this.#lose('lost');
    this.open();
  }

  /**
   * @param {string} text
   * @returns {boolean} whether the text is on its way
   */
  send(text) {
    if (!this.#welcomed || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(text);
    return true;
  }

  /** @param {unknown} data */
  #read(data) {
    const line = decode(data);
    if (!line) return;
    // Whoever hears of the welcome may already ask.
    if (line.type === 'welcome') this.#arrive();
    this.#onLine(line);
    if (line.type === 'welcome') this.#onPhase('connected', 'lost', '');
  }

  #arrive() {
    this.#welcomed = true;
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => { this.#attempt = 0; }, STEADY_AFTER);
  }

  /**
   * @param {Trouble} trouble
   * @param {string} reason of the close frame
   */
  #lose(trouble, reason = '') {
    const socket = this.#socket;
    this.#socket = null;
    this.#welcomed = false;
    socket?.close();
    clearTimeout(this.#watch);
    clearTimeout(this.#pause);
    this.#pause = undefined;
    const pause = Math.max(advisedBy(reason), pauseBefore(this.#attempt, Math.random()));
    // Whoever is signed out would come back as nobody, and whoever was sent away as if nothing had been.
    this.#rests = RESTING.includes(trouble);
    if (!this.#rests) this.#pause = setTimeout(() => this.open(), pause);
    this.#attempt += 1;
    this.#onPhase('reconnecting', navigator.onLine ? trouble : 'offline', /^[a-z-]+: (.*)$/s.exec(reason)?.[1] ?? '');
  }
}

/**
 * @param {number} code of the close frame
 * @param {string} reason of the close frame
 * @returns {Trouble}
 */
function troubleOf(code, reason) {
  if (code === 1008 && reason.startsWith('this session has ended')) return 'signed-out';
  const refused = code === 1008 && REFUSED.get(reason.split(':')[0] ?? '');
  if (refused) return refused;
  if (code === 1013 && reason.startsWith('waiting to be let in')) return 'waiting';
  if (code === 1001 || code === 1012) return 'restarting';
  return code === 1013 ? 'behind' : 'lost';
}

/**
 * The pause that a server asks for, so that everybody does not come back at once.
 * @param {string} reason of the close frame
 * @returns {number} milliseconds
 */
export function advisedBy(reason) {
  const seconds = /retry-after=(\d+(?:\.\d+)?)$/.exec(reason)?.[1];
  return Math.min(Number(seconds ?? 0) * 1000, LONGEST_ADVISED);
}
