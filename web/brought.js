// What the address brings along and is good for once: an invitation, or the secret that makes the server's owner.

import { refusalOf, t } from './language.js';
import { Refused } from './wire/requests.js';

const OWN = '#own=';

/** @returns {string} */
const secretHere = () => (location.hash.startsWith(OWN) ? location.hash.slice(OWN.length) : '');

// Read before anything else changes the address.
let invite = new URLSearchParams(location.search).get('invite') ?? '';
let secret = secretHere();

/** What is said to be let in, until the server has heard it. */
let request = '';

/** @returns {string} what goes behind the address of the server, so that it lets in whoever is new */
export const ticket = () => (invite ? `?${new URLSearchParams({ invite })}` : request ? `?${new URLSearchParams({ ask: request })}` : '');

/** @param {string} words what is said to be let in with the next connection; nothing once it was heard */
export function askToComeIn(words) {
  request = words;
}

export class Brought {
  #requests;
  #tell;

  /**
   * @param {import('./wire/requests.js').Requests} requests
   * @param {(sentence: string) => void} tell
   */
  constructor(requests, tell) {
    this.#requests = requests;
    this.#tell = tell;
    // A link that is opened in a page that is there already loads nothing.
    addEventListener('hashchange', () => {
      secret = secretHere();
      this.handIn();
    });
  }

  /** Hands it in, and takes it out of the address, where nobody should find it later. */
  async handIn() {
    if (!invite && !secret) return;
    try {
      if (invite) await this.#requests.ask({ type: 'use_invite', invite });
      if (secret) {
        await this.#requests.ask({ type: 'claim_ownership', secret });
        this.#tell(t('toast.owned'));
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // The next connection tries again.
      if (error.code === 'lost') return;
      this.#tell(refusalOf(error));
    }
    invite = secret = '';
    history.replaceState(history.state, '', location.pathname);
  }
}
