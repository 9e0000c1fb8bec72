// How the page says things: names, comings and goings, dates and times.

import { localeOf, t } from './language.js';

/**
 * A sentence is text with names in it. Names stay apart so that each can be
 * isolated on the page: a right-to-left name must not reorder its neighbours.
 * @typedef {readonly (string | {who: string})[]} Sentence
 */

export const clockTime = formatted({ timeStyle: 'short' });
export const wholeTime = formatted({ dateStyle: 'full', timeStyle: 'long' });
export const shortTime = formatted({ dateStyle: 'medium', timeStyle: 'short' });
export const dayName = formatted({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

/** @type {[Intl.NumberFormatOptions['unit'], number][]} */
const UNITS = [['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]];

/** @param {number} seconds told in the largest unit that says it exactly */
export function lengthOf(seconds) {
  const [unit, size] = UNITS.find(([, size]) => seconds % size === 0) ?? ['second', 1];
  return new Intl.NumberFormat(localeOf(), { style: 'unit', unit, unitDisplay: 'long' }).format(seconds / size);
}

/**
 * Making a format is slow and needs the language, so it is made with the first time that is told.
 * @param {Intl.DateTimeFormatOptions} options
 */
function formatted(options) {
  /** @type {Intl.DateTimeFormat | undefined} */
  let format;
  return (/** @type {number} */ at) => {
    format ??= new Intl.DateTimeFormat(localeOf(), options);
    return format.format(at);
  };
}

/**
 * @param {readonly string[]} joined
 * @param {readonly string[]} left
 * @param {number} more came or left besides them
 * @returns {Sentence}
 */
export function cameAndWent(joined, left, more) {
  const came = joined.length > 0 ? withNames('who.joined', joined) : [];
  const went = left.length > 0 ? withNames('who.left', left) : [];
  const all = [came, went, more > 0 ? [t('who.more', { count: more })] : []].filter((part) => part.length > 0);
  return all.flatMap((part, index) => (index > 0 ? ['; ', ...part] : part));
}

/**
 * @param {'who.joined' | 'who.left'} key
 * @param {readonly string[]} names
 * @returns {(string | {who: string})[]}
 */
function withNames(key, names) {
  const [before = '', after = ''] = t(key, { names: '\n' }).split('\n');
  return [before, ...list(names), after].filter((part) => part !== '');
}

/**
 * Up to three names in full, else two names and a number.
 * @param {readonly string[]} names
 * @returns {(string | {who: string})[]}
 */
function list(names) {
  const shown = names.length > 3 ? names.slice(0, 2) : names;
  const others = names.length - shown.length;
  const items = others > 0 ? [...shown, t('who.others', { count: others })] : shown;
  const parts = new Intl.ListFormat(localeOf()).formatToParts(items);
  let index = 0;
  return parts.map(({ type, value }) => (type === 'element' && index++ < shown.length ? { who: value } : value));
}

/**
 * What a room is called; a direct one is called after those who are in it besides the reader.
 * @param {{visibility: string, name: string, with: readonly string[]}} room
 * @param {Readonly<Record<string, string>>} people
 */
export function roomName(room, people) {
  if (room.visibility !== 'direct') return room.name;
  const names = room.with.map((person) => people[person] || t('who.gone'));
  return names.length === 0 ? t('who.yourself') : names.join(', ');
}

/** @param {readonly {name: string}[]} people */
export function areWriting(people) {
  const [one, two] = people;
  if (!one) return '';
  if (!two) return t('who.writes', { name: one.name });
  return people.length === 2 ? t('who.write', { name: one.name, other: two.name }) : t('who.several');
}
