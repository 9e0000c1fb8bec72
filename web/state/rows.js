// What stands in the timeline, line by line, made from what the page knows of a room.

import { withoutAddresses } from '../files/links.js';
import { cameAndWent } from '../words.js';
import { isKeeper } from './restraint.js';

/** @typedef {import('../wire/protocol.js').Held} Held */
/** @typedef {import('./state.js').Message} Message */
/** @typedef {import('./state.js').Notice} Notice */
/** @typedef {import('./state.js').Room} Room */
/** @typedef {import('./state.js').State} State */
/** @typedef {import('../words.js').Sentence} Sentence */

/**
 * A line of the timeline. Lines with the same key are the same line; one whose fields differ is drawn anew.
 * @typedef {{kind: 'message', key: string, message: Message, name: string, own: boolean, opens: boolean, you: string,
 *   mentioned: string, answered: string, answeredName: string, keeps: boolean}} MessageRow
 * @typedef {{kind: 'notice', key: string, at: number, notice: Notice}} NoticeRow
 * @typedef {{kind: 'day', key: string, at: number}} DayRow
 * @typedef {{kind: 'new', key: string}} NewRow
 * @typedef {MessageRow | NoticeRow | DayRow | NewRow} Row
 */

const GROUP_WITHIN = 5 * 60 * 1000;
/** Up to this many comings and goings in a row keep a line each. */
const LOOSE_NOTICES = 3;

/** @type {{room: Room | undefined, people: unknown, hiding: unknown, held: unknown, role: string, rows: readonly Row[]}} */
let made = { room: undefined, people: undefined, hiding: undefined, held: undefined, role: '', rows: [] };

/**
 * @param {State} state
 * @returns {readonly Row[]} the lines of the room that is shown; the same list as before, if nothing has changed
 */
export function rowsOf(state) {
  const room = state.rooms[state.here];
  const { people, hiding, held, role } = state;
  const isSame = made.room === room && made.people === people && made.hiding === hiding;
  if (isSame && made.held === held && made.role === role) return made.rows;
  made = { room, people, hiding, held, role, rows: room?.span ? rowsOfRoom(room, state) : [] };
  return made.rows;
}

/**
 * @param {State} state
 * @param {readonly Message[]} messages
 * @returns {readonly Row[]} lines for a list of messages alone
 */
export function rowsOfMessages(state, messages) {
  /** @type {Row[]} */
  const rows = [];
  const known = new Map(messages.map((message) => [message.sequence, message]));
  for (const message of messages) addMessage(rows, message, state, known);
  return rows;
}

/**
 * @param {Room} room
 * @param {State} state
 */
function rowsOfRoom(room, state) {
  /** @type {Row[]} */
  const rows = [];
  const notices = collapsed(room.notices, room.span?.messages ?? []);
  const known = new Map(room.span?.messages.map((message) => [message.sequence, message]));
  let stood = room.span?.before ? -1 : 0;
  for (const message of messagesOf(room, state.held)) {
    if (state.hiding.includes(message.sequence)) continue;
    if (message.sequence > 0) {
      const due = notices.filter((notice) => notice.after >= stood && notice.after < message.sequence);
      due.forEach((notice) => addNotice(rows, notice));
      const isFirstNew = room.newAfter >= stood && room.newAfter < message.sequence;
      if (room.newAfter > 0 && isFirstNew && stood > 0) addNew(rows, message);
      stood = message.sequence;
    }
    addMessage(rows, message, state, known);
  }
  if (!room.span?.after) notices.filter((notice) => notice.after >= stood).forEach((notice) => addNotice(rows, notice));
  // What is said again after a reload may stand there already, and a line can only be in one place.
  const keys = new Set();
  return rows.filter(({ key }) => !keys.has(key) && keys.add(key));
}

/**
 * @param {Room} room
 * @param {readonly Held[]} held
 */
function messagesOf({ id, span, pending }, held) {
  const said = (span?.messages ?? []).filter((message) => message.thread === 0);
  const settled = withHeld(said, held.filter((one) => one.room === id), span);
  const waiting = pending.filter((message) => message.thread === 0 && message.sequence === 0);
  return span?.after ? settled : [...settled, ...waiting];
}

/**
 * @param {Held} held
 * @returns {Message}
 */
export function heldMessage({ withheld, sequence, at, by, text, thread = 0 }) {
  return {
    key: `h${withheld}`, sequence, at, by, text, replyTo: 0, thread, mentions: [], editedAt: 0, reactions: [],
    pinned: false, replies: 0, status: 'held', trouble: '',
  };
}

/**
 * What is held back stands at its place, for those who may see it.
 * @param {readonly Message[]} said
 * @param {readonly Held[]} held
 * @param {Room['span']} span
 * @returns {readonly Message[]}
 */
function withHeld(said, held, span) {
  const [first, last] = [said[0]?.sequence ?? 0, said.at(-1)?.sequence ?? 0];
  const known = new Set(said.map((message) => message.sequence));
  const near = held.filter(({ sequence, thread }) => (
    !thread && !known.has(sequence) && (!span?.before || sequence > first) && (!span?.after || sequence < last)));
  if (near.length === 0) return said;
  return [...said, ...near.map(heldMessage)].sort((one, other) => one.sequence - other.sequence);
}

/**
 * @param {Row[]} rows
 * @param {Message} message
 * @param {State} state
 * @param {Map<number, Message>} known what may be answered
 */
function addMessage(rows, message, state, known) {
  const { people, you } = state;
  addDay(rows, message.at);
  const last = rows.at(-1);
  const opens = !(last?.kind === 'message' && last.message.by === message.by && !message.replyTo
    && Math.abs(message.at - last.message.at) < GROUP_WITHIN);
  const answered = message.replyTo ? known.get(message.replyTo) : undefined;
  rows.push({
    kind: 'message', key: message.key, message, name: people[message.by] ?? '', own: message.by === you.id, opens,
    you: you.name, mentioned: message.mentions.map((person) => people[person] ?? '').join('\n'),
    answered: withoutAddresses(answered?.text ?? ''), answeredName: answered ? people[answered.by] ?? '' : '',
    keeps: message.status === 'held' && isKeeper(state),
  });
}

/**
 * @param {Row[]} rows
 * @param {Message} message
 */
function addNew(rows, message) {
  addDay(rows, message.at);
  rows.push({ kind: 'new', key: 'new' });
}

/**
 * @param {Row[]} rows
 * @param {Notice} notice
 */
function addNotice(rows, notice) {
  addDay(rows, notice.at);
  rows.push({ kind: 'notice', key: `n${notice.at}`, at: notice.at, notice });
}

/**
 * A date line where a day begins, in the reader's own zone.
 * @param {Row[]} rows
 * @param {number} at
 */
function addDay(rows, at) {
  const last = rows.findLast((row) => row.kind === 'day');
  if (!last || last.key < dayKey(at)) rows.push({ kind: 'day', key: dayKey(at), at });
}

/** @param {number} at */
function dayKey(at) {
  const day = new Date(at);
  return `d${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, '0')}-${String(day.getDate()).padStart(2, '0')}`;
}

/**
 * Long runs of comings and goings, between which nothing was said, become one line each.
 * @param {readonly Notice[]} notices
 * @param {readonly Message[]} messages
 * @returns {Notice[]}
 */
function collapsed(notices, messages) {
  const said = messages.map((message) => message.sequence);
  /** @param {Notice} notice */
  const runOf = (notice) => said.findLastIndex((sequence) => sequence <= notice.after);
  const runs = Object.values(Object.groupBy(notices, (notice) => String(runOf(notice))));
  return runs.flatMap((run = []) => {
    const count = run.reduce((sum, notice) => sum + notice.joined.length + notice.left.length + notice.more, 0);
    return count > LOOSE_NOTICES ? [merged(run)] : run;
  }).sort((one, other) => one.at - other.at);
}

/**
 * What became of a person last is what counts.
 * @param {Notice[]} run
 * @returns {Notice}
 */
function merged(run) {
  const gone = new Map();
  const here = new Map();
  for (const { joined, left } of run) {
    for (const person of joined) { gone.delete(person.id); here.set(person.id, person); }
    for (const person of left) { here.delete(person.id); gone.set(person.id, person); }
  }
  const more = run.reduce((sum, notice) => sum + notice.more, 0);
  const last = /** @type {Notice} */ (run.at(-1));
  return { ...last, at: run[0]?.at ?? last.at, joined: [...here.values()], left: [...gone.values()], more };
}

/**
 * @param {Notice} notice
 * @returns {Sentence}
 */
export function sentenceOf({ joined, left, more }) {
  const names = (/** @type {readonly {name: string}[]} */ people) => people.map((person) => person.name);
  return cameAndWent(names(joined), names(left), more);
}
