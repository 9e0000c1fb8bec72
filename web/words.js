// How the page says things: counts, names, comings and goings, dates and times.

/**
 * A sentence is text with names in it. Names stay apart so that each can be
 * isolated on the page: a right-to-left name must not reorder its neighbours.
 * @typedef {readonly (string | {who: string})[]} Sentence
 */

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const fullTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

/** @param {number} at */
export const clockTime = (at) => clock.format(at);

/** @param {number} at */
export const wholeTime = (at) => fullTime.format(at);

/** @param {number} at */
export const shortTime = (at) => date.format(at);

/** @param {number} at */
export const dayName = (at) => day.format(at);

/**
 * @param {number} count
 * @param {string} one
 * @param {string} many
 */
export function countOf(count, one, many) {
  return `${count} ${count === 1 ? one : many}`;
}

/** @param {number} count */
export function newMessages(count) {
  return countOf(count, 'new message', 'new messages');
}

/**
 * @param {readonly string[]} joined
 * @param {readonly string[]} left
 * @param {number} more came or left besides them
 * @returns {Sentence}
 */
export function cameAndWent(joined, left, more) {
  const came = joined.length > 0 ? [...list(joined), ' joined'] : [];
  const went = left.length > 0 ? [...list(left), ' left'] : [];
  const parts = [came, went, more > 0 ? [`${more} more came or went`] : []].filter((part) => part.length > 0);
  return parts.flatMap((part, index) => (index > 0 ? ['; ', ...part] : part));
}

/**
 * Up to three names in full, else two names and a number.
 * @param {readonly string[]} names
 * @returns {(string | {who: string})[]}
 */
function list(names) {
  const shown = (names.length > 3 ? names.slice(0, 2) : names).map((who) => ({ who }));
  const others = names.length - shown.length;
  const items = others > 0 ? [...shown, `${others} others`] : shown;
  return items.flatMap((item, index) => {
    if (index === 0) return [item];
    return [index === items.length - 1 ? ' and ' : ', ', item];
  });
}

/**
 * What a room is called; a direct one is called after those who are in it besides the reader.
 * @param {{visibility: string, name: string, with: readonly string[]}} room
 * @param {Readonly<Record<string, string>>} people
 */
export function roomName(room, people) {
  if (room.visibility !== 'direct') return room.name;
  const names = room.with.map((person) => people[person] || 'somebody who is gone');
  return names.length === 0 ? 'Notes to yourself' : names.join(', ');
}

/** @param {readonly {name: string}[]} people */
export function areWriting(people) {
  const [one, two] = people;
  if (!one) return '';
  if (!two) return `${one.name} is writing…`;
  return people.length === 2 ? `${one.name} and ${two.name} are writing…` : 'Several people are writing…';
}
