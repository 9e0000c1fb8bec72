// All that the page knows, as types, and how it begins.

/** @typedef {import('../wire/protocol.js').Door} Door */
/** @typedef {import('../wire/protocol.js').Held} Held */
/** @typedef {import('../wire/protocol.js').Named} Named */
/** @typedef {import('../wire/protocol.js').People} People */
/** @typedef {import('../wire/protocol.js').Reaction} Reaction */
/** @typedef {import('../wire/protocol.js').ServerRole} ServerRole */
/** @typedef {import('../wire/protocol.js').Term} Term */
/** @typedef {import('../wire/protocol.js').Visibility} Visibility */
/** @typedef {import('./pane.js').Pane} Pane */
/** @typedef {import('../router.js').Place} Place */
/** @typedef {import('../wire/connection.js').Phase} Phase */
/** @typedef {import('../wire/connection.js').Trouble} Trouble */

/**
 * A message, on its way or settled: both are the same thing on the page.
 * @typedef {object} Message
 * @property {string} key what the page calls it for ever, whatever becomes of it
 * @property {number} sequence its place in the room; 0 while it is on its way
 * @property {number} at
 * @property {string} by
 * @property {string} text
 * @property {number} replyTo the message that it answers, or 0
 * @property {number} thread the message whose thread it belongs to, or 0
 * @property {readonly string[]} mentions
 * @property {number} editedAt 0 if it was not
 * @property {readonly Reaction[]} reactions
 * @property {boolean} pinned
 * @property {number} replies how many answers its thread has
 * @property {'settled' | 'sending' | 'failed' | 'held'} status
 * @property {string} trouble why it failed
 */

/** @typedef {{at: number, after: number, joined: readonly Named[], left: readonly Named[], more: number}} Notice */

/**
 * A part of a room's history without a hole, oldest first.
 * @typedef {object} Span
 * @property {readonly Message[]} messages
 * @property {boolean} before whether there are messages before these
 * @property {boolean} after whether there are messages after these
 */

/**
 * @typedef {object} Room
 * @property {string} id
 * @property {Visibility} visibility
 * @property {string} name
 * @property {string} topic
 * @property {string} role empty for who is no member
 * @property {boolean} openToWeb whether the whole web may read it
 * @property {number} members how many
 * @property {readonly string[] | null} memberIds who they are, where that is known of all of them
 * @property {readonly string[]} with who else is in it, in a direct one
 * @property {number} last its last place
 * @property {number} newest the last message's place, as far as this page knows
 * @property {number} upTo the last place that this page was told of; -1 before it watches the room
 * @property {number} readUpTo
 * @property {number} unread
 * @property {number} counted the place up to which the server counted what is unread
 * @property {number} mentions
 * @property {number} newAfter where the line of the unread stands; 0 for nowhere
 * @property {Span | null} span nothing until it is read
 * @property {readonly Message[]} pending on their way, or failed
 * @property {readonly Notice[]} notices who came and went, while this page watched
 * @property {number} present
 * @property {readonly Named[]} typing
 * @property {number} slowMode the least seconds between two messages of one person; 0 for none
 * @property {Term | null} muted while one may say nothing here
 * @property {number} saidAt when one said something here last, by the server's clock
 */

/** @typedef {{kind: 'none'} | {kind: 'reply' | 'edit', message: Message}} About what the next text is about */

/**
 * @typedef {object} State
 * @property {Named} you
 * @property {People} people
 * @property {Readonly<Record<string, Room>>} rooms
 * @property {string} here the room that is shown
 * @property {Place | null} wanted the place that the address names, until it is found
 * @property {number} target the message that the address names, or 0
 * @property {number} arrivals how often the room here was opened anew
 * @property {boolean} isWelcome whether the server has said so since this page was opened
 * @property {Readonly<Record<string, About>>} abouts by room
 * @property {Pane | null} pane
 * @property {readonly number[]} hiding messages of the room here that are about to be deleted
 * @property {number} most octets of a message
 * @property {number} largest octets of a file; 0 where none is taken
 * @property {Phase} phase
 * @property {Trouble} trouble why the connection was lost, while it is
 * @property {string} why what whoever closed it gave as the reason
 * @property {ServerRole} role what one is on the server
 * @property {Door} door who is let in
 * @property {number} ahead milliseconds that the server's clock is ahead of this one
 * @property {readonly Held[]} held what filters hold back: one's own, and for whoever keeps the peace everybody's
 * @property {number} todo reports and people that wait for whoever keeps the peace
 * @property {boolean} atEnd whether the newest message is in view
 * @property {number} below messages that came while it was not
 * @property {boolean} hidden whether the tab is
 * @property {number} missed messages of others that came while it was
 */

/** The room that everybody is in. */
export const LOBBY = '0000000000001';

/** @type {State} */
export const initial = {
  you: { id: '', name: '' }, people: {},
  rooms: {}, here: LOBBY, wanted: null, target: 0, arrivals: 0, isWelcome: false,
  abouts: {}, pane: null, hiding: [],
  most: 65_536,
  largest: 0,
  phase: 'connecting', trouble: 'lost', why: '',
  role: 'guest', door: 'open', ahead: 0, held: [], todo: 0,
  atEnd: true, below: 0,
  hidden: false, missed: 0,
};
