// Messages that are not safe at the server yet. They survive anything; and of all tabs, one at a time carries each.

import { read, write } from './database.js';

/** @typedef {import('../state/state.js').Message} Message */
/** @typedef {{room: string, message: Message}} Unsent */

/** Where they were kept before there was a database. */
const OLD = 'parlor.outbox.';

/** @param {Unsent} unsent */
export function keepUnsent(unsent) {
  write(['outbox'], (store) => store('outbox').put(unsent, unsent.message.key), 'strict');
}

/** @param {string} key */
export function forgetUnsent(key) {
  write(['outbox'], (store) => store('outbox').delete(key));
}

/**
 * @param {string} by whose
 * @returns {Promise<Unsent[]>} in the order in which they were written
 */
export async function unsentOf(by) {
  moveOld();
  /** @type {Unsent[]} */
  const all = await read('outbox', (store) => store.getAll()) ?? [];
  return all.filter((unsent) => unsent.message.by === by);
}

/**
 * Carries a message, once no other tab does: until the promise that `carry` makes is fulfilled, nobody else will.
 * Without locks (they need HTTPS, or the machine itself) every tab may send; the key makes that harmless.
 * @param {string} key
 * @param {() => Promise<void>} carry
 */
export async function carrying(key, carry) {
  if (navigator.locks) await navigator.locks.request(`parlor message ${key}`, carry);
  else await carry();
}

/**
 * @param {string} key
 * @returns {Promise<boolean>}
 */
export async function isUnsent(key) {
  return Boolean(await read('outbox', (store) => store.get(key)));
}

function moveOld() {
  try {
    for (const key of Object.keys(localStorage).filter((one) => one.startsWith(OLD))) {
      const unsent = JSON.parse(localStorage.getItem(key) ?? 'null');
      if (unsent?.message?.key) keepUnsent(unsent);
      localStorage.removeItem(key);
    }
  } catch { /* storage is switched off */ }
}
