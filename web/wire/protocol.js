// What crosses the wire: the lines of parlor.v1 that this page knows, and the one place that reads them.

/** @typedef {{id: string, name: string}} Named */
/** @typedef {{reaction: string, count: number, own: boolean}} Reaction */
/** @typedef {{messages: number, mentions: number, more: boolean}} Unread */
/** @typedef {'public' | 'private' | 'direct'} Visibility */
/** @typedef {Readonly<Record<string, string>>} People what people are called, by their ids */

/**
 * @typedef {object} WireRoom
 * @property {string} room
 * @property {Visibility} visibility
 * @property {string} name
 * @property {string} topic
 * @property {number} last
 * @property {number} members
 * @property {string} [role]
 * @property {number} read_up_to
 * @property {Unread} [unread]
 * @property {string[]} [with]
 * @property {boolean} open_to_web
 * @property {number} [slow_mode] seconds
 * @property {Term} [muted]
 */

/** @typedef {'guest' | 'bot' | 'member' | 'moderator' | 'owner'} ServerRole */
/** @typedef {'open' | 'claimed' | 'invite' | 'closed'} Door */
/** @typedef {{until?: number, reason: string}} Term */
/** @typedef {{withheld: number, room: string, sequence: number, at: number, by: string, text: string, thread?: number}} Held */

/**
 * What somebody who keeps the peace did. Which fields it has depends on the act.
 * @typedef {{act: string, role: ServerRole, door: Door, milliseconds: number} & Record<string, any>} Order
 */

/**
 * @typedef {object} WireMessage
 * @property {number} sequence
 * @property {number} at
 * @property {string} by
 * @property {string} text
 * @property {number} [reply_to]
 * @property {number} [thread]
 * @property {string[]} [mentions]
 * @property {number} [edited_at]
 * @property {Reaction[]} [reactions]
 * @property {string} [pinned_by]
 * @property {number} [replies]
 */

/** @typedef {{messages: WireMessage[], people: People, before: boolean, after: boolean}} Page */

/**
 * What is told without being asked for. Which fields it has depends on its type.
 * @typedef {object} Line
 * @property {string} type
 * @property {string} room
 * @property {number} sequence
 * @property {number} at
 * @property {string} by
 * @property {string} by_name what the author is called
 * @property {string} name
 * @property {People} [people]
 * @property {string} text
 * @property {number} [reply_to]
 * @property {number} [thread]
 * @property {string[]} [mentions]
 * @property {number} message
 * @property {number[]} messages
 * @property {string} reaction
 * @property {string} nickname
 * @property {string} topic
 * @property {string} person
 * @property {string} role
 * @property {number} up_to
 * @property {number} present
 * @property {Named[]} joined
 * @property {Named[]} left
 * @property {number} more
 * @property {Order} [order]
 * @property {boolean} [open]
 */

/** @typedef {{type: 'welcome', at: number, role: ServerRole, door: Door, you: Named, rooms: WireRoom[], people: People, limits: {text: number, file_octets?: number}, server: string, token?: string}} Welcome */
/** @typedef {{room: string, up_to: number, last: number, more: boolean, present?: number, events: Line[], gap?: boolean}} CaughtUp */
/** @typedef {{code: string, message: string, retry_after?: number}} Refusal */

export const SUBPROTOCOL = 'parlor.v1';

/**
 * Reads one line. What this page does not know passes through to be ignored, so that a newer server can say more.
 * @param {unknown} data
 * @returns {Record<string, unknown> & {type: string} | null}
 */
export function decode(data) {
  try {
    const value = JSON.parse(String(data));
    return value !== null && typeof value === 'object' && typeof value.type === 'string' ? value : null;
  } catch {
    return null;
  }
}

/**
 * A name for ever, in the order of time (UUIDv7, RFC 9562).
 * @param {number} now
 */
export function newKey(now) {
  const octets = crypto.getRandomValues(new Uint8Array(16));
  for (let index = 0; index < 6; index += 1) octets[index] = Math.floor(now / 2 ** (40 - 8 * index)) % 256;
  octets[6] = 0x70 | ((octets[6] ?? 0) & 0x0f);
  octets[8] = 0x80 | ((octets[8] ?? 0) & 0x3f);
  const hex = Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
