// What people set for themselves: kept in this browser, in a shape that can be merged with that of another.

/** @typedef {'all' | 'mentions' | 'nothing'} Level what one is notified of */
/** @typedef {'rooms' | 'direct'} Section of the sidebar */
/** @typedef {{level?: Level, muted?: boolean}} RoomSettings */

/**
 * @typedef {object} Values
 * @property {'system' | 'light' | 'dark'} theme
 * @property {boolean} contrast
 * @property {'cosy' | 'compact'} density
 * @property {string} language empty for the browser's own
 * @property {boolean} enterSends
 * @property {boolean} notify whether the system may tell
 * @property {Level} level where a room has none of its own
 * @property {boolean} sound
 * @property {boolean} quiet do not disturb, until this is switched off
 * @property {boolean} quietHours do not disturb between these times of the day
 * @property {string} quietFrom
 * @property {string} quietUntil
 * @property {readonly Section[]} folded
 * @property {boolean} directFirst whether direct messages stand above the rooms
 * @property {Readonly<Record<string, RoomSettings>>} rooms
 */

/** @type {Values} */
const DEFAULTS = {
  theme: 'system', contrast: false, density: 'cosy', language: '', enterSends: true,
  notify: false, level: 'mentions', sound: false, quiet: false, quietHours: false, quietFrom: '22:00', quietUntil: '07:00',
  folded: [], directFirst: false, rooms: {},
};
const PLACE = 'parlor.settings';

/**
 * Each value with the time at which it was set: of two browsers, the later one is right, value by value.
 * @type {{values: Partial<Values>, at: Record<string, number>}}
 */
let kept = stored();
/** @type {Set<() => void>} */
const listeners = new Set();

/** @returns {Values} */
export function settings() {
  return { ...DEFAULTS, ...kept.values };
}

/**
 * @template {keyof Values} K
 * @param {K} name
 * @param {Values[K]} value
 */
export function set(name, value) {
  // Another tab may have set something else in the meantime.
  kept = stored();
  kept = { values: { ...kept.values, [name]: value }, at: { ...kept.at, [name]: Date.now() } };
  try {
    localStorage.setItem(PLACE, JSON.stringify(kept));
  } catch { /* no storage, or a full one: it holds until the page is closed */ }
  tell();
}

/**
 * @param {string} room
 * @returns {RoomSettings}
 */
export function ofRoom(room) {
  return settings().rooms[room] ?? {};
}

/**
 * @param {string} room
 * @param {RoomSettings} change
 */
export function setRoom(room, change) {
  const { rooms } = settings();
  set('rooms', { ...rooms, [room]: { ...rooms[room], ...change } });
}

/** @param {Section} section folds it, or unfolds it */
export function fold(section) {
  const { folded } = settings();
  set('folded', folded.includes(section) ? folded.filter((one) => one !== section) : [...folded, section]);
}

/** @param {() => void} listener called whenever something is set, here or in another tab */
export function whenSet(listener) {
  listeners.add(listener);
}

/**
 * Whether nobody wants to be disturbed at this moment.
 * @param {Date} now
 */
export function isQuiet(now) {
  const { quiet, quietHours, quietFrom, quietUntil } = settings();
  if (quiet || !quietHours) return quiet;
  const time = `${String(now.getHours()).padStart(2, '0')}:${String(now.getMinutes()).padStart(2, '0')}`;
  // Most nights go past midnight.
  return quietFrom <= quietUntil ? time >= quietFrom && time < quietUntil : time >= quietFrom || time < quietUntil;
}

/**
 * Whether somebody wants to hear of a message.
 * @param {string} room
 * @param {boolean} isForYou by name, or because nobody else reads there
 */
export function isWanted(room, isForYou) {
  const { level, muted } = { level: settings().level, ...ofRoom(room) };
  return !muted && level !== 'nothing' && (level === 'all' || isForYou);
}

/** @returns {typeof kept} */
function stored() {
  try {
    const read = JSON.parse(localStorage.getItem(PLACE) ?? '{}');
    return { values: read.values ?? {}, at: read.at ?? {} };
  } catch {
    return { values: {}, at: {} };
  }
}

function tell() {
  for (const listener of listeners) listener();
}

addEventListener('storage', ({ key }) => {
  if (key !== PLACE) return;
  kept = stored();
  tell();
});
