// What was typed and is not said yet, for each place: known at once, and written at every letter.

import { read, write } from './database.js';

/** Where drafts were kept before there was a database. */
const OLD = 'parlor.draft.';

/** @type {Map<string, string>} */
const drafts = new Map();

/** Reads all drafts; what was typed meanwhile stays. */
export async function recallDrafts() {
  const places = await read('drafts', (store) => store.getAllKeys());
  const texts = await read('drafts', (store) => store.getAll());
  for (const [index, place] of (places ?? []).entries()) if (!drafts.has(place)) drafts.set(place, texts?.[index] ?? '');
  moveOld();
}

/**
 * @param {string} place a room, or a thread in one
 * @param {string} text
 */
export function keepDraft(place, text) {
  if ((drafts.get(place) ?? '') === text) return;
  drafts.set(place, text);
  write(['drafts'], (store) => (text ? store('drafts').put(text, place) : store('drafts').delete(place)));
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

function moveOld() {
  try {
    for (const key of Object.keys(localStorage).filter((one) => one.startsWith(OLD))) {
      const place = key.slice(OLD.length);
      if (!drafts.get(place)) keepDraft(place, localStorage.getItem(key) ?? '');
      localStorage.removeItem(key);
    }
  } catch { /* storage is switched off */ }
}
