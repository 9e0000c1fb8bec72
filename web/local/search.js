// Searching without a server: what this page knows, by words.

/** @typedef {import('../state/pane.js').Found} Found */
/** @typedef {import('../state/state.js').Message} Message */
/** @typedef {import('../state/state.js').State} State */

const MOST = 50;
/** Letters before the first word that was found, and in all. */
const BEFORE = 60;
const SNIPPET = 240;

/**
 * @param {State} state
 * @param {string} query words that all must be there; `from:` and `in:` narrow it
 * @returns {Found[]} newest first
 */
export function searchHere({ rooms, people }, query) {
  const parts = query.toLowerCase().match(/"[^"]+"|\S+/g) ?? [];
  const narrowed = (/** @type {string} */ sign) => parts.filter((part) => part.startsWith(sign)).map((part) => part.slice(sign.length));
  const [from, within] = [narrowed('from:'), narrowed('in:')];
  const words = parts.filter((part) => !/^(from|in):/.test(part)).map((part) => part.replaceAll('"', ''));
  const searched = Object.values(rooms).filter((room) => within.every((name) => room.name.toLowerCase() === name));
  const messages = searched.flatMap((room) => (room.span?.messages ?? []).map((message) => ({ room: room.id, message })));
  const found = messages.filter(({ message }) => {
    const text = message.text.toLowerCase();
    const name = (people[message.by] ?? '').toLowerCase();
    return from.every((one) => name === one.replace(/^@/, '')) && words.every((word) => text.includes(word));
  });
  const newest = found.sort((one, other) => other.message.at - one.message.at).slice(0, MOST);
  return newest.map(({ room, message }) => result(room, message, words));
}

/**
 * @param {string} room
 * @param {Message} message
 * @param {string[]} words
 * @returns {Found}
 */
function result(room, { sequence, by, at, text }, words) {
  const small = text.toLowerCase();
  const places = words.map((word) => small.indexOf(word)).filter((place) => place >= 0);
  const start = Math.max(0, Math.min(...places, text.length) - BEFORE);
  const from = places.length > 0 ? start : 0;
  const snippet = text.slice(from, from + SNIPPET);
  const marks = words.flatMap((word) => {
    const place = snippet.toLowerCase().indexOf(word);
    return place < 0 || word === '' ? [] : [/** @type {[number, number]} */ ([place, place + word.length])];
  }).sort((one, other) => one[0] - other[0]);
  // Marks do not overlap.
  const highlights = marks.filter(([begin], index) => index === 0 || begin >= (marks[index - 1]?.[1] ?? 0));
  return { room, sequence, by, at, snippet, highlights, cut: [from > 0, from + snippet.length < text.length] };
}
