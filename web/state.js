// All that the page knows, and the one pure function that changes it.

import { youAreNow } from './words.js';

/** @typedef {import('./protocol.js').Frame} Frame */
/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./protocol.js').Presence} Presence */
/** @typedef {import('./protocol.js').Welcome} Welcome */
/** @typedef {import('./connection.js').Phase} Phase */
/** @typedef {import('./connection.js').Trouble} Trouble */
/** @typedef {import('./words.js').Sentence} Sentence */

/**
 * A line of the timeline. Keys only grow, and an entry that changes is a new object with
 * the old key: that is all the timeline needs to bring the page up to date.
 * @typedef {{kind: 'message', key: number, at: number, from: string, text: string, own: boolean, opens: boolean}} MessageEntry
 * @typedef {{kind: 'presence', key: number, at: number, joined: readonly string[], left: readonly string[]}} PresenceEntry
 * @typedef {{kind: 'notice', key: number, at: number, sentence: Sentence}} NoticeEntry
 * @typedef {{kind: 'day', key: number, at: number}} DayEntry
 * @typedef {MessageEntry | PresenceEntry | NoticeEntry | DayEntry} Entry
 */

/**
 * @typedef {object} State
 * @property {string} you
 * @property {string} room
 * @property {number} present
 * @property {Phase} phase
 * @property {Trouble} trouble why the connection was lost, while it is
 * @property {readonly Entry[]} entries oldest first
 * @property {number} nextKey
 * @property {boolean} atEnd whether the newest message is in view
 * @property {number} below messages that came while it was not
 * @property {boolean} hidden whether the tab is
 * @property {number} unread messages of others that came while it was
 * @property {readonly string[]} unconfirmed posted, and not yet seen to come back
 * @property {readonly string[]} returned posts that probably failed and belong back in the box
 */

/**
 * @typedef {{kind: 'frame', frame: Frame}
 *   | {kind: 'phase', phase: Phase, trouble: Trouble}
 *   | {kind: 'scrolled', atEnd: boolean}
 *   | {kind: 'visibility', hidden: boolean}
 *   | {kind: 'posted', text: string}
 *   | {kind: 'taken-back'}} Event
 */

export const MOST_ENTRIES = 500;
const GROUP_WITHIN = 5 * 60 * 1000;
/** Up to this many comings and goings in a row keep a line each. */
const LOOSE_PRESENCES = 3;
/** Keeps one collapsed line from growing for ever on a day when nobody speaks. */
const MOST_NAMES = 200;

/** @type {State} */
export const initial = {
  you: '', room: 'lobby', present: 0,
  phase: 'connecting', trouble: 'lost',
  entries: [], nextKey: 0,
  atEnd: true, below: 0,
  hidden: false, unread: 0,
  unconfirmed: [], returned: [],
};

/**
 * @param {State} state
 * @param {Event} event
 * @returns {State}
 */
export function reduce(state, event) {
  switch (event.kind) {
    case 'frame': return receive(state, event.frame);
    case 'phase': return changePhase(state, event.phase, event.trouble);
    case 'scrolled': return { ...state, atEnd: event.atEnd, below: event.atEnd ? 0 : state.below };
    case 'visibility': return { ...state, hidden: event.hidden, unread: event.hidden ? state.unread : 0 };
    case 'posted': return { ...state, unconfirmed: [...state.unconfirmed, event.text] };
    case 'taken-back': return { ...state, returned: [] };
  }
}

/**
 * @param {State} state
 * @param {Frame} frame
 * @returns {State}
 */
function receive(state, frame) {
  switch (frame.type) {
    case 'welcome': return welcome(state, frame);
    case 'message': return hear(state, frame);
    case 'joined':
    case 'left': return comeOrGo(state, frame);
    case 'error': {
      // The page only ever posts, so a refusal is about its oldest open post.
      const noted = addNotice(state, frame.at, [frame.message]);
      return {
        ...noted,
        unconfirmed: state.unconfirmed.slice(1),
        returned: [...state.returned, ...state.unconfirmed.slice(0, 1)],
      };
    }
  }
}

/**
 * @param {State} state
 * @param {Welcome} frame
 */
function welcome(state, frame) {
  const { you, room, present, at } = frame;
  const before = state.you;
  const next = { ...state, you, room: room || state.room, present };
  return before === '' ? next : addNotice(next, at, youAreNow(before, you));
}

/**
 * @param {State} state
 * @param {Message} frame
 */
function hear(state, { from, text, at }) {
  const own = from === state.you;
  const last = state.entries.at(-1);
  const opens = !(last?.kind === 'message' && last.from === from && last.own === own
    && Math.abs(at - last.at) < GROUP_WITHIN && sameDay(at, last.at));
  const next = append(state, { kind: 'message', key: 0, at, from, text, own, opens });
  return {
    ...next,
    below: state.atEnd || own ? 0 : state.below + 1,
    unread: state.hidden && !own ? state.unread + 1 : state.unread,
    unconfirmed: own ? state.unconfirmed.slice(1) : state.unconfirmed,
  };
}

/**
 * @param {State} state
 * @param {Presence} frame
 */
function comeOrGo(state, { type, who, present, at }) {
  const next = { ...state, present };
  // That you are here is no news to you.
  if (who === state.you) return next;
  const joined = type === 'joined' ? [who] : [];
  const left = type === 'left' ? [who] : [];
  return collapse(append(next, { kind: 'presence', key: 0, at, joined, left }));
}

/**
 * Turns a long run of comings and goings at the end into one line.
 * @param {State} state
 * @returns {State}
 */
function collapse(state) {
  const { entries } = state;
  const start = entries.findLastIndex((entry) => !isOpenPresence(entry)) + 1;
  const run = /** @type {PresenceEntry[]} */ (entries.slice(start));
  const first = run[0];
  const last = run.at(-1);
  const events = run.reduce((sum, entry) => sum + entry.joined.length + entry.left.length, 0);
  if (!first || !last || events <= LOOSE_PRESENCES) return state;
  // What became of a person last is what counts.
  const gone = new Set();
  const here = new Set();
  for (const entry of run) {
    for (const who of entry.joined) { gone.delete(who); here.add(who); }
    for (const who of entry.left) { here.delete(who); gone.add(who); }
  }
  const merged = { ...first, at: last.at, joined: [...here], left: [...gone] };
  return { ...state, entries: [...entries.slice(0, start), merged] };
}

/** @param {Entry} entry */
function isOpenPresence(entry) {
  return entry.kind === 'presence' && entry.joined.length + entry.left.length < MOST_NAMES;
}

/**
 * @param {State} state
 * @param {Phase} phase
 * @param {Trouble} trouble
 * @returns {State}
 */
function changePhase(state, phase, trouble) {
  if (phase === 'connected') return { ...state, phase, trouble };
  // That the server is restarting stays true while it cannot be reached.
  const restarting = state.phase === 'reconnecting' && state.trouble === 'restarting' && trouble === 'lost';
  return {
    ...state, phase,
    trouble: restarting ? state.trouble : trouble,
    unconfirmed: [],
    returned: [...state.returned, ...state.unconfirmed],
  };
}

/**
 * @param {State} state
 * @param {number} at
 * @param {Sentence} sentence
 */
function addNotice(state, at, sentence) {
  return append(state, { kind: 'notice', key: 0, at, sentence });
}

/**
 * Gives the entry its key, puts a date line before it where a day begins, and forgets the oldest.
 * @param {State} state
 * @param {Entry} entry
 * @returns {State}
 */
function append(state, entry) {
  const entries = [...state.entries];
  let key = state.nextKey;
  const last = entries.at(-1);
  if (!last || !sameDay(last.at, entry.at)) entries.push({ kind: 'day', key: key++, at: entry.at });
  entries.push({ ...entry, key: key++ });
  return { ...state, entries: forgetOldest(entries), nextKey: key };
}

/**
 * The date line of the oldest kept entry stays, or the reader would not know the day.
 * @param {Entry[]} entries
 */
function forgetOldest(entries) {
  if (entries.length <= MOST_ENTRIES) return entries;
  const kept = entries.slice(1 - MOST_ENTRIES);
  const dropped = entries.slice(0, 1 - MOST_ENTRIES);
  const day = dropped.findLast((entry) => entry.kind === 'day');
  return day && kept[0]?.kind !== 'day' ? [day, ...kept] : kept;
}

/**
 * In the reader's own zone.
 * @param {number} a
 * @param {number} b
 */
function sameDay(a, b) {
  return new Date(a).toDateString() === new Date(b).toDateString();
}
