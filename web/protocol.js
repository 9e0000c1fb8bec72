// What crosses the wire: the frames of parlor.v1 and the one place that reads them.

/** @typedef {{type: 'welcome', you: string, room: string, present: number, at: number}} Welcome */
/** @typedef {{type: 'message', id: number, from: string, text: string, at: number}} Message */
/** @typedef {{type: 'joined' | 'left', who: string, present: number, at: number}} Presence */
/** @typedef {{type: 'error', code: string, message: string, at: number}} Refusal */
/** @typedef {Welcome | Message | Presence | Refusal} Frame */

export const SUBPROTOCOL = 'parlor.v1';

/**
 * Reads one text frame. Answers null for what this page does not know,
 * so that a newer server can say more without breaking an older page.
 * @param {unknown} data
 * @param {number} now stands in for a missing or impossible time
 * @returns {Frame | null}
 */
export function decode(data, now) {
  const raw = parse(data);
  const at = isTime(raw.at) ? raw.at : now;
  switch (raw.type) {
    case 'welcome':
      return { type: 'welcome', you: string(raw.you), room: string(raw.room), present: count(raw.present), at };
    case 'message':
      return { type: 'message', id: count(raw.id), from: string(raw.from), text: string(raw.text), at };
    case 'joined':
    case 'left':
      return { type: raw.type, who: string(raw.who), present: count(raw.present), at };
    case 'error':
      return { type: 'error', code: string(raw.code), message: string(raw.message), at };
    default:
      return null;
  }
}

/**
 * @param {string} text
 * @returns {string}
 */
export function encodePost(text) {
  return JSON.stringify({ type: 'post', text });
}

/**
 * @param {unknown} data
 * @returns {Record<string, unknown>}
 */
function parse(data) {
  try {
    const value = JSON.parse(String(data));
    return value !== null && typeof value === 'object' ? value : {};
  } catch {
    return {};
  }
}

/**
 * @param {unknown} value
 * @returns {value is number}
 */
function isTime(value) {
  return typeof value === 'number' && !Number.isNaN(new Date(value).getTime());
}

/** @param {unknown} value */
function string(value) {
  return typeof value === 'string' ? value : '';
}

/** @param {unknown} value */
function count(value) {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
