// What is shown beside the talk, and what becomes of it.

import { afterEvent, messageOf } from './messages.js';

/** @typedef {import('./state.js').Message} Message */
/** @typedef {import('./state.js').Named} Named */
/** @typedef {import('../wire/protocol.js').Line} Line */
/** @typedef {import('../wire/protocol.js').WireMessage} WireMessage */

/**
 * What was found, with what is to be highlighted, in UTF-16 code units.
 * @typedef {{room: string, sequence: number, by: string, at: number, snippet: string,
 *   highlights: [number, number][], cut: [boolean, boolean]}} Found
 */

/**
 * @typedef {{kind: 'thread', room: string, root: number, messages: readonly Message[] | null}} Thread
 * @typedef {{kind: 'pins', room: string, messages: readonly Message[] | null}} Pins
 * @typedef {{kind: 'people', room: string, here: readonly Named[], members: readonly string[]}} PeopleHere
 * @typedef {{kind: 'search', query: string, asked: string, results: readonly Found[], next: string, trouble: string}} Search
 * @typedef {Thread | Pins | PeopleHere | Search} Pane
 */

/**
 * @param {Pane | null} pane
 * @param {WireMessage[]} messages
 * @returns {Pane | null}
 */
export function filled(pane, messages) {
  if (pane?.kind !== 'thread' && pane?.kind !== 'pins') return pane;
  return { ...pane, messages: messages.map(messageOf) };
}

/**
 * @param {Pane | null} pane
 * @param {Line} line
 * @param {string} you
 * @returns {Pane | null}
 */
export function paneAfter(pane, line, you) {
  if (pane?.kind !== 'thread' && pane?.kind !== 'pins') return pane;
  if (pane.room !== line.room || !pane.messages) return pane;
  const changed = afterEvent(pane.messages, line, you);
  if (pane.kind === 'pins') {
    const messages = changed.filter((message) => message.pinned);
    return messages.length === pane.messages.length && changed === pane.messages ? pane : { ...pane, messages };
  }
  const isNew = line.type === 'posted' && line.thread === pane.root
    && !changed.some((message) => message.sequence === line.sequence);
  const messages = isNew ? [...changed, messageOf(line)] : changed;
  return messages === pane.messages ? pane : { ...pane, messages };
}
