// The one pure function that changes what the page knows.

import { roomAt } from '../router.js';
import { filled, paneAfter } from './pane.js';
import { LOBBY } from './state.js';
import {
  afterLine, afterPage, afterPresence, afterRead, changePending, entered, left, roomOf, settled,
} from './room.js';

/** @typedef {import('./pane.js').Pane} Pane */
/** @typedef {import('../local/copy.js').Kept} Kept */
/** @typedef {import('./state.js').About} About */
/** @typedef {import('./state.js').Message} Message */
/** @typedef {import('./state.js').Held} Held */
/** @typedef {import('./state.js').Room} Room */
/** @typedef {import('./state.js').People} People */
/** @typedef {import('./state.js').Place} Place */
/** @typedef {import('./state.js').State} State */
/** @typedef {import('./state.js').Phase} Phase */
/** @typedef {import('./state.js').Trouble} Trouble */
/** @typedef {import('../wire/protocol.js').CaughtUp} CaughtUp */
/** @typedef {import('../wire/protocol.js').Line} Line */
/** @typedef {import('../wire/protocol.js').Page} Page */
/** @typedef {import('../wire/protocol.js').Welcome} Welcome */
/** @typedef {import('../wire/protocol.js').WireMessage} WireMessage */
/** @typedef {import('../wire/protocol.js').WireRoom} WireRoom */

/**
 * @typedef {{kind: 'phase', phase: Phase, trouble: Trouble, why: string}
 *   | {kind: 'recalled', kept: Kept}
 *   | {kind: 'welcome', welcome: Welcome, ahead: number}
 *   | {kind: 'told', line: Line}
 *   | {kind: 'rooms', rooms: WireRoom[], people: People}
 *   | {kind: 'looked-in', room: WireRoom}
 *   | {kind: 'address', place: Place}
 *   | {kind: 'visit', room: string, target: number}
 *   | {kind: 'end'}
 *   | {kind: 'about', room: string, about: About}
 *   | {kind: 'hide', sequence: number, hidden: boolean}
 *   | {kind: 'pane', pane: Pane | null}
 *   | {kind: 'filled', messages: WireMessage[], people: People}
 *   | {kind: 'known', people: People}
 *   | {kind: 'members', room: string, ids: readonly string[]}
 *   | {kind: 'caught-up', room: string, answer: CaughtUp}
 *   | {kind: 'page', room: string, page: Page, where: 'before' | 'after' | 'anew'}
 *   | {kind: 'said', room: string, message: Message}
 *   | {kind: 'settled', room: string, key: string, sequence: number}
 *   | {kind: 'not-said', room: string, key: string, trouble: string}
 *   | {kind: 'unsaid', room: string, key: string}
 *   | {kind: 'held-back', room: string, key: string, held: Held}
 *   | {kind: 'to-do', held: readonly Held[], people: People, todo: number}
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
    case 'phase': return changePhase(state, event.phase, event.trouble, event.why);
    case 'recalled': return settle({ ...state, ...event.kept });
    case 'welcome': return welcome(state, event.welcome, event.ahead);
    case 'told': return hear(state, event.line);
    case 'rooms': return arrange(learn(state, event.people), event.rooms);
    case 'looked-in': {
      const room = roomOf(state.rooms[event.room.room], event.room);
      return settle({ ...state, rooms: { ...state.rooms, [room.id]: room } });
    }
    case 'address': return settle({ ...state, wanted: event.place });
    case 'visit': return visit(state, event.room, event.target);
    // Whoever is on the way elsewhere still is.
    case 'end': return { ...state, target: 0, below: 0, atEnd: true };
    case 'about': return { ...state, abouts: { ...state.abouts, [event.room]: event.about } };
    case 'hide': {
      const others = state.hiding.filter((sequence) => sequence !== event.sequence);
      return { ...state, hiding: event.hidden ? [...others, event.sequence] : others };
    }
    case 'pane': return { ...state, pane: event.pane };
    case 'filled': return { ...learn(state, event.people), pane: filled(state.pane, event.messages) };
    case 'known': return learn(state, event.people);
    case 'members': return inRoom(state, event.room, (room) => ({ ...room, memberIds: event.ids }));
    case 'caught-up': return catchUp(state, event.room, event.answer);
    case 'page': {
      const shown = new Set(event.page.messages.map((message) => message.sequence));
      // Until it is there, what is let through stands as what is held back; so nothing flickers.
      const held = state.held.filter((one) => one.room !== event.room || !shown.has(one.sequence));
      const known = held.length === state.held.length ? state : { ...state, held };
      return inRoom(learn(known, event.page.people), event.room, (room) => afterPage(room, event.page, event.where));
    }
    case 'said':
      return inRoom(state, event.room, (room) => ({ ...room, pending: [...room.pending, event.message] }));
    case 'settled': return inRoom(state, event.room, (room) => settled(room, event.key, event.sequence));
    case 'not-said': {
      const change = { status: /** @type {const} */ ('failed'), trouble: event.trouble };
      return inRoom(state, event.room, (room) => changePending(room, event.key, change));
    }
    case 'unsaid':
      return inRoom(state, event.room, (room) => (
        { ...room, pending: room.pending.filter((message) => message.key !== event.key) }));
    case 'held-back': {
      const { key, room, held } = event;
      const known = state.held.some((one) => one.withheld === held.withheld) ? state.held : [held, ...state.held];
      return inRoom({ ...state, held: known }, room, (one) => (
        { ...one, saidAt: held.at, pending: one.pending.filter((message) => message.key !== key) }));
    }
    case 'to-do': return { ...learn(state, event.people), held: event.held, todo: event.todo };
    case 'read': return inRoom(state, event.room, (room) => afterRead(room, event.upTo));
    case 'scrolled': return { ...state, atEnd: event.atEnd, below: event.atEnd ? 0 : state.below };
    case 'visibility': return look(state, event.hidden);
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
 * @param {number} ahead
 * @returns {State}
 */
function welcome(state, { you, role, door, rooms, people, limits }, ahead) {
  // What somebody else left in this browser is nobody's business here.
  const own = state.you.id === you.id ? state : { ...state, people: {}, rooms: {}, held: [], todo: 0 };
  const known = learn({ ...own, you, role, door, ahead, most: limits.text, largest: limits.file_octets ?? 0 }, { ...people, [you.id]: you.name });
  const there = settle(arrange(known, rooms));
  if (state.isWelcome) return there;
  // A room that was shown from memory is opened now, at what came since.
  const opened = inRoom({ ...there, isWelcome: true }, there.here, entered);
  return opened.rooms === there.rooms ? opened : { ...opened, arrivals: opened.arrivals + 1 };
}

/**
 * @param {State} state
 * @param {People} people
 * @returns {State}
 */
function learn(state, people) {
  const isNew = Object.entries(people).some(([id, name]) => state.people[id] !== name);
  return isNew ? { ...state, people: { ...state.people, ...people } } : state;
}

/**
 * The rooms that one is in, and the one that one only looks into.
 * @param {State} state
 * @param {WireRoom[]} rooms
 * @returns {State}
 */
function arrange(state, rooms) {
  const known = Object.fromEntries(rooms.map((room) => [room.room, roomOf(state.rooms[room.room], room)]));
  const here = state.rooms[state.here];
  if (!here || known[here.id]) return { ...state, rooms: known };
  if (here.visibility === 'public') return { ...state, rooms: { ...known, [here.id]: { ...here, role: '' } } };
  return { ...state, rooms: known, here: LOBBY, target: 0, below: 0, atEnd: true };
}

/**
 * Goes where the address points to, once that is known.
 * @param {State} state
 * @returns {State}
 */
function settle(state) {
  const room = state.wanted && roomAt(state.rooms, state.wanted);
  return room && state.wanted ? visit(state, room.id, state.wanted.message) : state;
}

/**
 * @param {State} state
 * @param {string} id
 * @param {number} target
 * @returns {State}
 */
function visit(state, id, target) {
  const calm = { ...state, here: id, wanted: null, target, below: 0, atEnd: true };
  if (id === state.here && state.wanted === null) return calm;
  return inRoom(id === state.here ? calm : inRoom(calm, state.here, left), id, entered);
}

/**
 * What comes while nobody looks stands behind a line, too.
 * @param {State} state
 * @param {boolean} hidden
 * @returns {State}
 */
function look(state, hidden) {
  const next = { ...state, hidden, missed: hidden ? state.missed : 0 };
  return hidden ? inRoom(next, state.here, (room) => (room.unread === 0 ? { ...room, newAfter: 0 } : room)) : next;
}

/**
 * @param {State} state
 * @param {Line} line
 * @returns {State}
 */
function hear(state, line) {
  switch (line.type) {
    case 'presence': return inRoom(meet(state, line.joined), line.room, (room) => afterPresence(room, line, state.you.id));
    case 'typing': {
      const people = /** @type {import('./state.js').Named[]} */ (/** @type {unknown} */ (line.people));
      const typing = people.filter((person) => person.id !== state.you.id);
      return inRoom(state, line.room, (room) => ({ ...room, typing }));
    }
    case 'renamed': return rename(state, line.by, line.nickname);
    case 'person_erased': return rename(state, line.by, '');
    case 'read': return inRoom(state, line.room, (room) => afterRead(room, line.up_to));
    case 'ordered': return line.sequence ? happen(state, line) : obey(state, line);
    default: return line.sequence ? happen(state, line) : state;
  }
}

/**
 * What an order that is about no room means for whoever hears of it.
 * @param {State} state
 * @param {Line} line
 * @returns {State}
 */
function obey(state, { order, by, person = order?.person }) {
  switch (order?.act) {
    case 'set_server_role': return person === state.you.id ? { ...state, role: order.role } : state;
    case 'claim_ownership': return by === state.you.id ? { ...state, role: 'owner' } : state;
    case 'set_door': return { ...state, door: order.door };
    default: return state;
  }
}

/**
 * @param {State} state
 * @param {import('./state.js').Named[]} people
 */
function meet(state, people) {
  return learn(state, Object.fromEntries(people.map(({ id, name }) => [id, name])));
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
  if (line.sequence <= before.upTo) return state;
  const known = learn(state, { ...line.people, [line.by]: line.by_name });
  const pane = paneAfter(state.pane, line, state.you.id);
  const next = inRoom({ ...known, pane }, line.room, (room) => afterLine(room, line, state.you.id));
  const isNews = line.type === 'posted' && line.by !== state.you.id && !line.thread;
  if (!isNews) return next;
  const isUnseen = state.hidden && line.room === state.here && before.newAfter === 0;
  const marked = isUnseen ? inRoom(next, line.room, (room) => ({ ...room, newAfter: before.upTo })) : next;
  return {
    ...marked,
    below: state.atEnd || line.room !== state.here ? state.below : state.below + 1,
    missed: state.hidden ? state.missed + 1 : 0,
  };
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
 * @param {string} why
 * @returns {State}
 */
function changePhase(state, phase, trouble, why) {
  // That the server is restarting stays true while it cannot be reached.
  const restarting = state.phase === 'reconnecting' && state.trouble === 'restarting' && trouble === 'lost';
  const kept = restarting && phase !== 'connected' ? state.trouble : trouble;
  // Who tries again is told that they are shut out, but not once more why.
  return { ...state, phase, trouble: kept, why: why || (kept === state.trouble ? state.why : '') };
}
