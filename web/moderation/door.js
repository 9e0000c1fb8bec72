// Who comes in: the door, and those who wait in front of it.

import { t } from '../language.js';
import { element, nameOf } from '../views/elements.js';
import { shortTime } from '../words.js';
import { choice, press } from './form.js';

/** @typedef {import('../language.js').Key} Key */
/** @typedef {import('../wire/protocol.js').Door} Door */

/** @type {Door[]} */
const DOORS = ['open', 'claimed', 'invite', 'closed'];

/**
 * @param {import('./desk.js').DeskTools} tools
 * @returns {import('./desk.js').Part}
 */
export function door({ state, wishes, tell, again }) {
  const now = state().door;
  const words = (/** @type {Door} */ one) => t(`door.${one}`);
  const box = choice(t('door.who'), 'door', DOORS.map((one) => [one, words(one)]), now, async (value) => {
    if (await wishes.order({ type: 'set_door', door: value })) tell(t('door.done'));
  });
  const form = state().role === 'owner' ? box.row : element('p', 'detail', words(now));
  return {
    form: [form, element('h3', '', t('door.asking'))],
    nothing: 'door.nobody',
    list: async () => {
      const answer = await wishes.look({ type: 'waiting' });
      return answer && answer.waiting.map((/** @type {{person: string, at: number, note: string}} */ { person, at, note }) => {
        const name = answer.people[person] ?? '';
        /** @param {string} type */
        const decide = async (type) => { if (await wishes.order({ type, person })) await again(); };
        const said = element('p', 'said', note);
        said.dir = 'auto';
        return element(
          'li', '', element('p', 'head', nameOf(name), ' ', element('span', 'detail', shortTime(at))), said,
          element('div', 'choice', press('door.admit', 'admit', () => decide('admit'), name), press('door.turnAway', 'turn-away', () => decide('turn_away'), name)),
        );
      });
    },
  };
}
