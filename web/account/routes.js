// Asks the server's routes about one's own account: what a cookie needs that no script may read.

import { t } from '../language.js';

/** @typedef {{session: string, device: string, started_at: number, own: boolean}} Session */
/** @typedef {{passkey: number, label: string, added_at: number, used_at?: number}} Passkey */
/** @typedef {{identity: number, provider: string, linked_at: number, used_at?: number}} Identity */
/** @typedef {{claimed_at: number, password: boolean, codes: boolean, recovery_codes: number, passkeys: Passkey[], identities: Identity[], sessions: Session[]}} Account */
/** @typedef {{id: string, name: string, account?: Account}} Me */

/** Why the server did not do something, in its own words. */
export class Refusal extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * @param {string} path
 * @param {object} [body] what is asked; a question without one only reads
 * @returns {Promise<any>}
 */
export async function ask(path, body) {
  const changes = body && { method: 'POST', body: JSON.stringify(body) };
  const headers = { 'X-Parlor': '1', 'Content-Type': 'application/json' };
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, { ...changes, headers, credentials: 'same-origin', cache: 'no-store' });
  } catch {
    throw new Refusal('lost', t('account.lost'));
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refusal(answer.code ?? '', answer.message ?? `The server answered ${response.status}.`);
  return answer;
}

/** @returns {Promise<Me>} */
export const me = () => ask('/me');
