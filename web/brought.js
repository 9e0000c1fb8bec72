// What the address brings along and is good for once: an invitation, or the secret that makes the server's owner.

import { refusalOf, t } from './language.js';
import { Refused } from './wire/requests.js';

const OWN = '#own=';

/** @returns {string} */
const secretHere = () => (location.hash.startsWith(OWN) ? location.hash.slice(OWN.length) : '');

// Read before anything else changes the address.
let invite = new URLSearchParams(location.search).get('invite') ?? '';
let secret = secretHere();

/** @returns {string} what goes behind the address of the server, so that it lets in whoever is new */
export const ticket = () => (invite ? `?${new URLSearchParams({ invite })}` : '');

/**
 * Hands in what was brought along, and takes it out of the address, where nobody should find it later.
 * @param {import('./wire/requests.js').Requests} requests
 * @param {(sentence: string) => void} tell
 */
export async function handIn(requests, tell) {
  if (!invite && !secret) return;
  try {
    if (invite) await requests.ask({ type: 'use_invite', invite });
    if (secret) {
      await requests.ask({ type: 'claim_ownership', secret });
      tell(t('toast.owned'));
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    // The next connection tries again.
    if (error.code === 'lost') return;
    tell(refusalOf(error));
  }
  invite = secret = '';
  history.replaceState(history.state, '', location.pathname);
}

/** @param {() => void} come is called when a link is opened in a page that is there already */
export function whenBrought(come) {
  addEventListener('hashchange', () => {
    secret = secretHere();
    if (secret) come();
  });
}
