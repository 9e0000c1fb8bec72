// What survives a reload, a crash and an empty battery: drafts, messages that are not safe at the server yet, settings.

/** @typedef {import('./state/state.js').Message} Message */
/** @typedef {{room: string, message: Message}} Unsent */

const OUTBOX = 'parlor.outbox.';
const DRAFT = 'parlor.draft.';
const SETTING = 'parlor.setting.';

// Each has an item of its own, so that two tabs never overwrite what the other keeps. Storage may be switched off;
// then the page works, and forgets.

/** @param {Unsent} unsent */
export function keepUnsent(unsent) {
  write(OUTBOX + unsent.message.key, JSON.stringify(unsent));
}

/** @param {string} key */
export function forgetUnsent(key) {
  write(OUTBOX + key, '');
}

/**
 * @param {string} by whose
 * @returns {Unsent[]} in the order in which they were written
 */
export function unsentOf(by) {
  const found = keys().filter((key) => key.startsWith(OUTBOX)).sort().map((key) => parse(read(key)));
  return found.filter((unsent) => unsent !== null).filter((unsent) => unsent.message.by === by);
}

/**
 * @param {string} place a room, or a thread in one
 * @param {string} text
 */
export function keepDraft(place, text) {
  write(DRAFT + place, text);
}

/** @param {string} place */
export function draftOf(place) {
  return read(DRAFT + place);
}

/** @param {string} setting */
export function kept(setting) {
  return read(SETTING + setting);
}

/**
 * @param {string} setting
 * @param {string} value
 */
export function keep(setting, value) {
  write(SETTING + setting, value);
}

/**
 * @param {string} text
 * @returns {Unsent | null}
 */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function keys() {
  try {
    return Object.keys(localStorage);
  } catch {
    return [];
  }
}

/** @param {string} key */
function read(key) {
  try {
    return localStorage.getItem(key) ?? '';
  } catch {
    return '';
  }
}

/**
 * @param {string} key
 * @param {string} text nothing takes it away
 */
function write(key, text) {
  try {
    if (text) localStorage.setItem(key, text);
    else localStorage.removeItem(key);
  } catch { /* no storage, or a full one: nothing is kept */ }
}
