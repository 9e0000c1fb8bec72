// Requests and their answers: each under a number, tried again when the server asks for that.

/** @typedef {import('./protocol.js').Refusal} Refusal */
/** @typedef {{type: string} & Record<string, unknown>} Request */
/** @typedef {{request: Request, done: (answer: any) => void, failed: (error: Refused) => void}} Waiting */

/** Why a request was not done. The code `lost` says that the connection went before the answer came. */
export class Refused extends Error {
  code;
  /** @param {Refusal} refusal */
  constructor({ code, message }) {
    super(message);
    this.code = code;
  }
}

export class Requests {
  #send;
  #last = 0;
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();

  /** @param {(text: string) => boolean} send answers whether the text is on its way */
  constructor(send) {
    this.#send = send;
  }

  /**
   * @param {Request} request
   * @returns {Promise<any>} the answer, or Refused
   */
  ask(request) {
    return new Promise((done, failed) => this.#hand({ request, done, failed }));
  }

  /** @param {Waiting} waiting */
  #hand(waiting) {
    const id = ++this.#last;
    this.#waiting.set(id, waiting);
    if (!this.#send(JSON.stringify({ ...waiting.request, id }))) this.#fail(id, LOST);
  }

  /**
   * @param {Record<string, unknown> & {type: string}} line
   * @returns {boolean} whether it was an answer
   */
  hear(line) {
    if (line.type !== 'ok' && line.type !== 'error') return false;
    const id = Number(line.id);
    const waiting = this.#waiting.get(id);
    if (!waiting) return true;
    if (line.type === 'ok') {
      this.#waiting.delete(id);
      waiting.done(line);
    } else {
      this.#refused(id, waiting, /** @type {Refusal & Record<string, unknown>} */ (/** @type {unknown} */ (line)));
    }
    return true;
  }

  /**
   * @param {number} id
   * @param {Waiting} waiting
   * @param {Refusal} refusal
   */
  #refused(id, waiting, refusal) {
    if (refusal.retry_after === undefined) return this.#fail(id, refusal);
    // It keeps its place among those that wait, so that a loss of the connection ends it, too.
    setTimeout(() => {
      if (this.#waiting.delete(id)) this.#hand(waiting);
    }, refusal.retry_after);
  }

  /** The connection is gone: nothing that waits will be answered. */
  drop() {
    for (const id of [...this.#waiting.keys()]) this.#fail(id, LOST);
  }

  /**
   * @param {number} id
   * @param {Refusal} refusal
   */
  #fail(id, refusal) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.failed(new Refused(refusal));
  }
}

const LOST = { code: 'lost', message: 'The connection was lost before the answer came.' };
