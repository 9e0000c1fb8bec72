// One room, and what becomes of it.

import { afterEvent, messageOf, withMessage, withPage } from './messages.js';

/** @typedef {import('./state.js').Message} Message */
/** @typedef {import('./state.js').Room} Room */
/** @typedef {import('../wire/protocol.js').Line} Line */
/** @typedef {import('../wire/protocol.js').Page} Page */
/** @typedef {import('../wire/protocol.js').WireRoom} WireRoom */

/** Comings and goings that are kept. */
const NOTICES = 30;

/**
 * The room as the server tells it, with what the page knew of it before.
 * @param {Room | undefined} known
 * @param {WireRoom} wire
 * @returns {Room}
 */
export function roomOf(known, wire) {
  const said = {
    id: wire.room, visibility: wire.visibility, name: wire.name, topic: wire.topic, role: wire.role ?? '',
    openToWeb: wire.open_to_web, members: wire.members, memberIds: null, with: wire.with ?? [], last: wire.last,
    slowMode: wire.slow_mode ?? 0, muted: wire.muted ?? null,
    readUpTo: Math.max(wire.read_up_to, known?.readUpTo ?? 0),
  };
  const counts = { unread: wire.unread?.messages ?? 0, mentions: wire.unread?.mentions ?? 0, counted: wire.last };
  // The server counts better than a page that was away, unless it does not know yet what was read or said here.
  const isBehind = known && (wire.last < known.upTo || wire.read_up_to < known.readUpTo);
  if (known) return { ...known, ...said, ...(isBehind ? {} : counts) };
  return {
    ...said, ...counts, newest: 0, upTo: -1, newAfter: 0, span: null, pending: [], notices: [], present: 0, typing: [],
    saidAt: 0,
  };
}

/**
 * @param {Room} room
 * @param {Line} line an event that has a place in the room
 * @param {string} you
 * @returns {Room}
 */
export function afterLine(room, line, you) {
  // What was told already is told again where answers and events overlap.
  if (line.sequence <= room.upTo) return room;
  const next = { ...room, ...about(room, line), upTo: line.sequence, last: Math.max(room.last, line.sequence) };
  const changed = room.span && afterEvent(room.span.messages, line, you);
  if (room.span && changed && changed !== room.span.messages) next.span = { ...room.span, messages: changed };
  return line.type === 'posted' ? hear(next, line, you) : next;
}

/**
 * @param {Room} room
 * @param {Line} line
 * @returns {Partial<Room>} what it says about the room itself
 */
function about(room, line) {
  switch (line.type) {
    case 'room_renamed': return { name: line.name };
    case 'topic_set': return { topic: line.topic };
    case 'ordered': return line.order?.act === 'set_slow_mode' ? { slowMode: line.order.milliseconds / 1000 } : {};
    case 'web_access_set': return { openToWeb: line.open === true };
    case 'joined': return { members: room.members + 1, memberIds: null };
    case 'left': return { members: Math.max(0, room.members - 1), memberIds: null };
    default: return {};
  }
}

/**
 * @param {Room} room
 * @param {Line} line
 * @param {string} you
 * @returns {Room}
 */
function hear(room, line, you) {
  const own = line.by === you;
  const isCounted = own || line.sequence <= room.counted;
  const said = messageOf(line);
  // It is the one that waits for its answer, which says so a moment later.
  const isKnown = room.span?.messages.some((message) => message.sequence === said.sequence) ?? false;
  const awaited = own && !isKnown
    ? room.pending.find((message) => message.sequence === 0 && isSame(message, said)) : undefined;
  const message = awaited ? { ...said, key: awaited.key } : said;
  return {
    ...room,
    newest: said.sequence,
    saidAt: own ? line.at : room.saidAt,
    span: room.span && withMessage(room.span, message),
    pending: awaited
      ? room.pending.map((one) => (one === awaited ? { ...one, sequence: said.sequence } : one))
      : room.pending,
    unread: isCounted || said.thread ? room.unread : room.unread + 1,
    mentions: !isCounted && said.mentions.includes(you) ? room.mentions + 1 : room.mentions,
    typing: room.typing.filter((person) => person.id !== line.by),
  };
}

/**
 * @param {Message} one
 * @param {Message} other
 */
function isSame(one, other) {
  return one.text === other.text && one.thread === other.thread && one.replyTo === other.replyTo;
}

/**
 * @param {Room} room
 * @param {Page} page
 * @param {'before' | 'after' | 'anew'} where
 * @returns {Room}
 */
export function afterPage(room, page, where) {
  const span = withPage(room.span, page, where);
  // Something was said while the page was on its way.
  const isBehind = !span.after && (span.messages.at(-1)?.sequence ?? 0) < room.newest;
  return { ...room, span: isBehind ? { ...span, after: true } : span };
}

/**
 * Somebody looks at the room: where the unread begins, stands a line until they leave.
 * @param {Room} room
 * @returns {Room}
 */
export function entered(room) {
  return room.unread > 0 && room.newAfter === 0 ? { ...room, newAfter: room.readUpTo } : room;
}

/**
 * @param {Room} room
 * @returns {Room}
 */
export function left(room) {
  return room.newAfter > 0 || room.notices.length > 0 ? { ...room, newAfter: 0, notices: [] } : room;
}

/**
 * A message of one's own is safe: it stands where it stood, and from now on it has a place.
 * @param {Room} room
 * @param {string} key
 * @param {number} sequence
 * @returns {Room}
 */
export function settled(room, key, sequence) {
  const found = room.pending.find((message) => message.key === key);
  if (!found) return room;
  const pending = room.pending.filter((message) => message !== found);
  /** @type {Message} */
  const message = { ...found, sequence, status: 'settled', trouble: '' };
  // Its event is still to come and counts for everything else; here it only must not be missing for a moment.
  return { ...room, pending, span: room.span && found.sequence === 0 ? withMessage(room.span, message) : room.span };
}

/**
 * @param {Room} room
 * @param {string} key
 * @param {Partial<Message>} change
 * @returns {Room}
 */
export function changePending(room, key, change) {
  return {
    ...room,
    pending: room.pending.map((message) => (message.key === key ? { ...message, ...change } : message)),
  };
}

/**
 * @param {Room} room
 * @param {Line} line
 * @param {string} you
 * @returns {Room}
 */
export function afterPresence(room, line, you) {
  const others = (/** @type {readonly import('./state.js').Named[]} */ people) =>
    people.filter((person) => person.id !== you);
  const [joined, left] = [others(line.joined), others(line.left)];
  const next = { ...room, present: line.present };
  // That you are here is no news to you.
  if (joined.length + left.length + line.more === 0) return next;
  const notice = { at: line.at, after: room.upTo, joined, left, more: line.more };
  return { ...next, notices: [...room.notices, notice].slice(-NOTICES) };
}

/**
 * @param {Room} room
 * @param {number} upTo
 * @returns {Room}
 */
export function afterRead(room, upTo) {
  // What came after it is still unread; how much that is can be counted only if it is known.
  const rest = (room.span?.messages ?? []).filter((message) => message.sequence > upTo && !message.thread);
  const unread = upTo >= room.upTo ? 0 : rest.length;
  return { ...room, readUpTo: upTo, unread, mentions: unread === 0 ? 0 : room.mentions };
}
