// How often one may say something in each room.

import { t } from '../language.js';
import { moderates } from '../state/restraint.js';
import { element } from '../views/elements.js';
import { lengthOf } from '../words.js';
import { choice } from './form.js';

/** In seconds; the server takes up to six hours. */
const PAUSES = [0, 5, 10, 30, 60, 300, 900, 3600, 21_600];

/**
 * @param {import('./desk.js').DeskTools} tools
 * @returns {import('./desk.js').Part}
 */
export function rooms({ state, wishes, tell, again }) {
  return {
    form: [element('p', 'detail', t('slow.note'))],
    nothing: 'slow.none',
    list: async () => Object.values(state().rooms).filter((room) => room.visibility !== 'direct' && moderates(state(), room)).map((room) => {
      const known = PAUSES.includes(room.slowMode) ? PAUSES : [...PAUSES, room.slowMode].sort((one, other) => one - other);
      const box = choice(room.name, 'slow-mode', known.map((one) => [String(one), one ? t('slow.every', { every: lengthOf(one) }) : t('slow.off')]), String(room.slowMode), async (seconds) => {
        if (await wishes.order({ type: 'set_slow_mode', room: room.id, seconds: Number(seconds) })) tell(t('slow.done', { room: room.name }));
        else await again();
      });
      box.row.dataset.room = room.id;
      return element('li', '', box.row);
    }),
  };
}
