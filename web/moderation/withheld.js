// What is not shown for now: messages that a filter holds back, and what was undone. Both can be brought back.

import { parts, t } from '../language.js';
import { element, nameOf } from '../views/elements.js';
import { roomName, shortTime } from '../words.js';
import { press } from './form.js';

/** @typedef {import('../wire/protocol.js').People} People */
/** @typedef {{room: string, sequence: number, by: string, text: string}} Sample */
/** @typedef {{withheld: number, at: number, by?: string, authors: number, messages: number, samples: Sample[]}} Withheld */

/**
 * @param {import('./desk.js').DeskTools} tools
 * @returns {import('./desk.js').Part}
 */
export function withheld(tools) {
  const { wishes } = tools;
  return {
    nothing: 'withheld.none',
    list: async () => {
      const answer = await wishes.look({ type: 'withheld' });
      return answer && answer.withheld.map((/** @type {Withheld} */ one) => item(tools, one, answer.people)).reverse();
    },
  };
}

/**
 * @param {import('./desk.js').DeskTools} tools
 * @param {Withheld} one
 * @param {People} people
 */
function item({ state, wishes, again }, one, people) {
  const first = one.samples[0];
  const head = one.by
    ? parts('withheld.undone', { name: nameOf(people[one.by] ?? ''), time: shortTime(one.at) })
    : parts('withheld.held', { name: nameOf(people[first?.by ?? ''] ?? ''), room: nameOf(roomOf(state(), first)), time: shortTime(one.at) });
  /** @param {string} type */
  const decide = async (type) => { if (await wishes.order({ type, withheld: one.withheld })) await again(); };
  const label = first?.text.slice(0, 40);
  return element(
    'li', '', element('p', 'head', ...head),
    ...(one.by ? [element('p', 'detail', t('withheld.messages', { count: one.messages }), ' · ', t('withheld.authors', { count: one.authors }))] : []),
    samples(one.by ? one.samples.slice(0, 5) : one.samples, people),
    element(
      'div', 'choice', press(one.by ? 'withheld.restore' : 'message.letThrough', 'restore', () => decide('restore'), label),
      press('message.throwAway', 'purge', () => decide('purge'), label),
    ),
  );
}

/**
 * @param {import('../state/state.js').State} state
 * @param {Sample | undefined} sample
 */
function roomOf({ rooms, people }, sample) {
  const room = rooms[sample?.room ?? ''];
  return room ? roomName(room, people) : '…';
}

/**
 * @param {Sample[]} found
 * @param {People} people
 */
export function samples(found, people) {
  return element('ol', 'context', ...found.map(({ by, text }) => {
    const said = element('span', '', text);
    said.dir = 'auto';
    return element('li', '', nameOf(people[by] ?? ''), ' ', said);
  }));
}
