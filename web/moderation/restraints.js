// Who is banned or muted, and from where nobody new is let in: what is in force, and how it is lifted.

import { parts, t } from '../language.js';
import { element, nameOf } from '../views/elements.js';
import { shortTime } from '../words.js';
import { length, line, press, reasonOf, termWords } from './form.js';
import { sending } from './parts.js';

/** @typedef {import('../wire/protocol.js').People} People */
/** @typedef {{person?: string, range?: string, room?: string, muted: boolean, until?: number, reason: string, by: string, at: number}} Restrained */

const DAY = 86_400;

/**
 * @param {import('./desk.js').DeskTools} tools
 * @returns {import('./desk.js').Part}
 */
export function restraints(tools) {
  const { wishes, again } = tools;
  const [range, how, why] = [line('range.range', 'range', { needed: true, hint: '192.0.2.0/24', most: 60 }), length(DAY), line('mod.why', 'reason')];
  const form = sending('range.ban', [element('p', 'detail', t('range.note')), element('div', 'pair', range.row, how.row), why.row], async () => {
    if (await wishes.order({ type: 'ban_range', range: range.value(), ...how.seconds(), ...reasonOf(why) })) await again();
  });
  return {
    form: [element('details', '', element('summary', '', t('range.title')), form)],
    nothing: 'restraint.none',
    list: async () => {
      const answer = await wishes.look({ type: 'restrained' });
      return answer && answer.restrained.map((/** @type {Restrained} */ one) => item(tools, one, answer.people));
    },
  };
}

/**
 * @param {import('./desk.js').DeskTools} tools
 * @param {Restrained} one
 * @param {People} people
 */
function item({ state, wishes, again }, one, people) {
  const { person, range, room, muted, by, at } = one;
  const name = person ? people[person] ?? '' : t('range.network');
  const request = person ? { type: muted ? 'unmute' : 'unban', person, ...(room && { room }) } : { type: 'unban_range', range };
  const words = muted ? room ? termWords('mod.mutedHere', 'mod.mutedHereUntil', one) : termWords('mod.muted', 'mod.mutedUntil', one) : termWords('mod.banned', 'mod.bannedUntil', one);
  const head = parts('restraint.head', { name: nameOf(name), by: nameOf(people[by] ?? ''), time: shortTime(at) });
  const where = room ? [element('p', 'detail', nameOf(state().rooms[room]?.name ?? '…'))] : [];
  return element('li', '', element('p', 'head', ...head), ...where, element('p', 'term', words), element('div', 'choice', press('restraint.lift', 'lift', async () => {
    if (await wishes.order(request)) await again();
  }, name)));
}
