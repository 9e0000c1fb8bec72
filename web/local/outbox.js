// Messages that are not safe at the server yet. They survive anything; and of all tabs, one at a time carries each.

import { read, write } from './database.js';
import { leave, takeLeft } from './left.js';

/** @typedef {import('../state/state.js').Message} Message */
/** @typedef {{room: string, message: Message}} Unsent */

const LEFT = 'parlor.outbox.';

/** @type {Map<string, Unsent | null>} what is being written, or forgotten */
const unsettled = new Map();

// If it has arrived after all, its key makes sending it again harmless.
leave(LEFT, () => [...unsettled].map(([key, unsent]) => [key, unsent ? JSON.stringify(unsent) : '']));

/** @param {Unsent} unsent */
export async function keepUnsent(unsent) {
  const { key } = unsent.message;
  unsettled.set(key, unsent);
  await write(['outbox'], (store) => store('outbox').put(unsent, key), 'strict');
  if (unsettled.get(key) === unsent) unsettled.delete(key);
}

/** @param {string} key */
export async function forgetUnsent(key) {
  unsettled.set(key, null);
  await write(['outbox'], (store) => store('outbox').delete(key));
  if (unsettled.get(key) === null) unsettled.delete(key);
}

/**
 * @param {string} by whose
 * @returns {Promise<Unsent[]>} in the order in which they were written
 */
export async function unsentOf(by) {
  for (const [key, text] of takeLeft(LEFT)) await (text ? keepUnsent(JSON.parse(text)) : forgetUnsent(key));
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
