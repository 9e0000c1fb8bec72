// What waits for whoever keeps the peace, and what is held back: read anew whenever somebody says that it changed.

import { isKeeper } from './state/restraint.js';
import { Refused } from './wire/requests.js';

/** @typedef {import('./wire/protocol.js').Line} Line */

/** What changes at once, as in a raid, is read once. */
const PAUSE = 300;
/** Orders after which something else waits. */
const ACTS = ['report', 'settle_report', 'admit', 'turn_away', 'restore', 'purge', 'undone', 'set_server_role', 'claim_ownership'];

export class Keeping {
  #requests;
  #state;
  #dispatch;
  /** @type {number | undefined} */
  #due;
  /** @type {Set<() => void>} */
  #watching = new Set();

  /**
   * @param {import('./wire/requests.js').Requests} requests
   * @param {() => import('./state/state.js').State} state
   * @param {(event: import('./state/reduce.js').Event) => void} dispatch
   */
  constructor(requests, state, dispatch) {
    this.#requests = requests;
    this.#state = state;
    this.#dispatch = dispatch;
  }

  /** @param {Line} line */
  hear({ type, by, order }) {
    const { you } = this.#state();
    const isOurs = isKeeper(this.#state()) || by === you.id || order?.person === you.id;
    const isAbout = type === 'withheld' || type === 'arrived' || (type === 'ordered' && ACTS.includes(order?.act ?? ''));
    if (isOurs && isAbout) this.#due ??= setTimeout(() => this.read(), PAUSE);
    if (type === 'ordered' || isAbout) for (const watch of this.#watching) watch();
  }

  /**
   * @param {() => void} changed is told whenever something was ordered
   * @returns {() => void} ends it
   */
  watch(changed) {
    this.#watching.add(changed);
    return () => this.#watching.delete(changed);
  }

  /** @returns {Promise<void>} */
  async read() {
    clearTimeout(this.#due);
    this.#due = undefined;
    const keeps = isKeeper(this.#state());
    const ask = (/** @type {string} */ type) => this.#requests.ask({ type });
    try {
      const [{ held, people }, reports, waiting] = await Promise.all([
        ask('held'), keeps ? ask('reports') : null, keeps ? ask('waiting') : null,
      ]);
      const todo = (reports?.reports.length ?? 0) + (waiting?.waiting.length ?? 0);
      this.#dispatch({ kind: 'to-do', held, people, todo });
    } catch (error) {
      // The next connection begins with it.
      if (!(error instanceof Refused)) throw error;
    }
  }
}
