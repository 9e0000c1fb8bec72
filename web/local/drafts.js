// What was typed and is not said yet, for each place: known at once, and written at every letter.

import { read, write } from './database.js';
import { leave, takeLeft } from './left.js';

const LEFT = 'parlor.draft.';

/** @type {Map<string, string>} */
const drafts = new Map();
/** @type {Map<string, {text: string}>} what is being written */
const unsettled = new Map();

leave(LEFT, () => [...unsettled].map(([place, { text }]) => [place, text]));

/** Reads all drafts; what was typed meanwhile stays. */
export async function recallDrafts() {
  // Newer than what the database has.
  for (const [place, text] of takeLeft(LEFT)) if (!drafts.has(place)) put(place, text);
  const places = await read('drafts', (store) => store.getAllKeys());
  const texts = await read('drafts', (store) => store.getAll());
  for (const [index, place] of (places ?? []).entries()) if (!drafts.has(place)) drafts.set(place, texts?.[index] ?? '');
}

/**
 * @param {string} place a room, or a thread in one
 * @param {string} text
 */
export function keepDraft(place, text) {
  if ((drafts.get(place) ?? '') !== text) put(place, text);
}

/**
 * @param {string} place
 * @param {string} text
 */
async function put(place, text) {
  const written = { text };
  drafts.set(place, text);
  unsettled.set(place, written);
  await write(['drafts'], (store) => (text ? store('drafts').put(text, place) : store('drafts').delete(place)));
  if (unsettled.get(place) === written) unsettled.delete(place);
}

/**
 * Where a draft belongs that changes what was said before.
 * @param {string} room
 * @param {number} message
 */
export const draftPlace = (room, message) => `${room}/edit/${message}`;

/** @param {string} place */
export function draftOf(place) {
  return drafts.get(place) ?? '';
}
