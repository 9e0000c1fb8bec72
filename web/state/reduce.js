// The one pure function that changes what the page knows.

import { afterLine, afterPage, afterPresence, afterRead, changePending, roomOf, settled } from './room.js';

/** @typedef {import('./state.js').Message} Message */
/** @typedef {import('./state.js').Room} Room */
/** @typedef {import('./state.js').State} State */
/** @typedef {import('./state.js').Phase} Phase */
/** @typedef {import('./state.js').Trouble} Trouble */
/** @typedef {import('../wire/protocol.js').CaughtUp} CaughtUp */
/** @typedef {import('../wire/protocol.js').Line} Line */
/** @typedef {import('../wire/protocol.js').Page} Page */
/** @typedef {import('../wire/protocol.js').Welcome} Welcome */

/**
 * @typedef {{kind: 'phase', phase: Phase, trouble: Trouble}
 *   | {kind: 'welcome', welcome: Welcome}
 *   | {kind: 'told', line: Line}
 *   | {kind: 'caught-up', room: string, answer: CaughtUp}
 *   | {kind: 'page', room: string, page: Page, where: 'before' | 'after' | 'anew'}
 *   | {kind: 'said', room: string, message: Message}
 *   | {kind: 'settled', room: string, key: string, sequence: number}
 *   | {kind: 'not-said', room: string, key: string, trouble: string}
 *   | {kind: 'say-again', room: string, key: string}
 *   | {kind: 'unsaid', room: string, key: string}
 *   | {kind: 'read', room: string, upTo: number}
 *   | {kind: 'scrolled', atEnd: boolean}
 *   | {kind: 'visibility', hidden: boolean}} Event
 */

/**
 * @param {State} state
 * @param {Event} event
 * @returns {State}
 */
export function reduce(state, event) {
  switch (event.kind) {
    case 'phase': return changePhase(state, event.phase, event.trouble);
    case 'welcome': return welcome(state, event.welcome);
    case 'told': return hear(state, event.line);
    case 'caught-up': return catchUp(state, event.room, event.answer);
    case 'page': {
      const known = { ...state, people: { ...state.people, ...event.page.people } };
      return inRoom(known, event.room, (room) => afterPage(room, event.page, event.where));
    }
    case 'said':
      return inRoom(state, event.room, (room) => ({ ...room, pending: [...room.pending, event.message] }));
    case 'settled': return inRoom(state, event.room, (room) => settled(room, event.key, event.sequence));
    case 'not-said': {
      const change = { status: /** @type {const} */ ('failed'), trouble: event.trouble };
      return inRoom(state, event.room, (room) => changePending(room, event.key, change));
    }
    case 'say-again': {
      const change = { status: /** @type {const} */ ('sending'), trouble: '' };
      return inRoom(state, event.room, (room) => changePending(room, event.key, change));
    }
    case 'unsaid':
      return inRoom(state, event.room, (room) => (
        { ...room, pending: room.pending.filter((message) => message.key !== event.key) }));
    case 'read': return inRoom(state, event.room, (room) => afterRead(room, event.upTo));
    case 'scrolled': return { ...state, atEnd: event.atEnd, below: event.atEnd ? 0 : state.below };
    case 'visibility': return { ...state, hidden: event.hidden, missed: event.hidden ? state.missed : 0 };
  }
}

/**
 * @param {State} state
 * @param {string} id
 * @param {(room: Room) => Room} change
 * @returns {State}
 */
function inRoom(state, id, change) {
  const room = state.rooms[id];
  if (!room) return state;
  const changed = change(room);
  return changed === room ? state : { ...state, rooms: { ...state.rooms, [id]: changed } };
}

/**
 * @param {State} state
 * @param {Welcome} said
 * @returns {State}
 */
function welcome(state, { you, rooms, people, limits }) {
  const known = rooms.map((room) => [room.room, roomOf(state.rooms[room.room], room)]);
  return {
    ...state, you, most: limits.text,
    people: { ...state.people, ...people, [you.id]: you.name },
    rooms: Object.fromEntries(known),
  };
}

/**
 * @param {State} state
 * @param {Line} line
 * @returns {State}
 */
function hear(state, line) {
  switch (line.type) {
    case 'presence': return inRoom(state, line.room, (room) => afterPresence(room, line, state.you.id));
    case 'typing': {
      const people = /** @type {import('./state.js').Named[]} */ (/** @type {unknown} */ (line.people));
      const typing = people.filter((person) => person.id !== state.you.id);
      return inRoom(state, line.room, (room) => ({ ...room, typing }));
    }
    case 'renamed': return rename(state, line.by, line.nickname);
    case 'person_erased': return rename(state, line.by, '');
    case 'read': return inRoom(state, line.room, (room) => afterRead(room, line.up_to));
    default: return line.sequence ? happen(state, line) : state;
  }
}

/**
 * @param {State} state
 * @param {string} id
 * @param {string} name
 * @returns {State}
 */
function rename(state, id, name) {
  const you = id === state.you.id ? { id, name } : state.you;
  return { ...state, you, people: { ...state.people, [id]: name } };
}

/**
 * @param {State} state
 * @param {Line} line
 * @returns {State}
 */
function happen(state, line) {
  const before = state.rooms[line.room];
  // Before this page watches the room, what happens there comes with the answer to that.
  if (!before || before.upTo < 0) return state;
  const people = knowing(state.people, line);
  const next = inRoom({ ...state, people }, line.room, (room) => afterLine(room, line, state.you.id));
  const isNews = line.type === 'posted' && line.sequence > before.upTo && line.by !== state.you.id && !line.thread;
  if (!isNews) return next;
  return {
    ...next,
    below: state.atEnd || line.room !== state.here ? state.below : state.below + 1,
    missed: state.hidden ? state.missed + 1 : 0,
  };
}

/**
 * @param {import('./state.js').People} people
 * @param {Line} line
 */
function knowing(people, line) {
  const named = { ...line.people, [line.by]: line.by_name };
  const isNew = Object.entries(named).some(([id, name]) => people[id] !== name);
  return isNew ? { ...people, ...named } : people;
}

/**
 * @param {State} state
 * @param {string} id
 * @param {CaughtUp} answer
 * @returns {State}
 */
function catchUp(state, id, answer) {
  const room = state.rooms[id];
  if (!room) return state;
  if (answer.gap) return inRoom(state, id, (one) => ({ ...one, upTo: answer.last, last: answer.last, span: null }));
  const watched = { ...room, upTo: room.upTo >= 0 ? room.upTo : answer.last - answer.events.length };
  const present = answer.present === undefined ? room.present : answer.present;
  const start = { ...state, rooms: { ...state.rooms, [id]: watched } };
  const told = answer.events.reduce(happen, start);
  return inRoom(told, id, (one) => ({ ...one, upTo: Math.max(one.upTo, answer.up_to), present }));
}

/**
 * @param {State} state
 * @param {Phase} phase
 * @param {Trouble} trouble
 * @returns {State}
 */
function changePhase(state, phase, trouble) {
  // That the server is restarting stays true while it cannot be reached.
  const restarting = state.phase === 'reconnecting' && state.trouble === 'restarting' && trouble === 'lost';
  return { ...state, phase, trouble: restarting && phase !== 'connected' ? state.trouble : trouble };
}
