// Which words and links are refused or held back.

import { t } from '../language.js';
import { element } from '../views/elements.js';
import { choice, line, press } from './form.js';
import { sending } from './parts.js';

/** @typedef {{kind: 'word' | 'link', pattern: string, action: 'refuse' | 'hold'}} Filter */

/** Characters of a pattern. */
const PATTERN = 100;

/**
 * @param {import('./desk.js').DeskTools} tools
 * @returns {import('./desk.js').Part}
 */
export function filters({ wishes, again }) {
  const kind = choice(t('filter.kind'), 'kind', [['word', t('filter.word')], ['link', t('filter.link')]], 'word');
  const pattern = line('filter.pattern', 'pattern', { needed: true, most: PATTERN });
  const action = choice(t('filter.action'), 'action', [['hold', t('filter.hold')], ['refuse', t('filter.refuse')]], 'hold');
  const form = sending('filter.add', [element('div', 'pair', pattern.row, kind.row, action.row)], async () => {
    if (await wishes.order({ type: 'set_filter', kind: kind.value(), pattern: pattern.value(), action: action.value() })) await again();
  });
  return {
    form: [form],
    nothing: 'filter.none',
    list: async () => {
      const answer = await wishes.look({ type: 'filters' });
      return answer && answer.filters.map((/** @type {Filter} */ one) => element(
        'li', '', element('p', 'head', element('bdi', '', one.pattern), ' ', element('span', 'detail', `${t(`filter.${one.kind}`)} · ${t(`filter.${one.action}`)}`)),
        element('div', 'choice', press('filter.remove', 'remove-filter', async () => {
          if (await wishes.order({ type: 'remove_filter', kind: one.kind, pattern: one.pattern })) await again();
        }, one.pattern)),
      ));
    },
  };
}
