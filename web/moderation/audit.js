// Everything that was ordered, newest first.

import { parts, t } from '../language.js';
import { element, nameOf } from '../views/elements.js';
import { lengthOf, shortTime } from '../words.js';
import { press } from './form.js';
import { quoted } from './parts.js';

/** @typedef {import('../language.js').Key} Key */
/** @typedef {import('../wire/protocol.js').Line} Line */
/** @typedef {import('../wire/protocol.js').Order} Order */

const PAGE = 50;

/** Acts for which there is a sentence. */
const KNOWN = [
  'set_server_role', 'mute', 'unmute', 'kick', 'ban', 'unban', 'ban_range', 'unban_range', 'set_door', 'make_invite', 'revoke_invite',
  'use_invite', 'claim_ownership', 'admit', 'turn_away', 'set_slow_mode', 'set_filter', 'remove_filter', 'report', 'settle_report',
  'undone', 'restore', 'purge', 'deleted', 'left', 'role_set', 'room_renamed', 'topic_set', 'retention_set',
];

/**
 * @param {import('./desk.js').DeskTools} tools
 * @returns {import('./desk.js').Part}
 */
export function audit(tools) {
  const { wishes, again } = tools;
  let pages = 1;
  return {
    nothing: 'audit.none',
    list: async () => {
      const items = [];
      /** @type {number | undefined} */
      let before;
      for (let page = 0; page < pages; page += 1) {
        const answer = await wishes.look({ type: 'audit', limit: PAGE, ...(before && { before }) });
        if (!answer) return null;
        items.push(...answer.acts.map((/** @type {Line} */ act) => item(tools, act)));
        before = answer.next;
        if (!before) break;
      }
      if (before) items.push(element('li', '', element('div', 'choice', press('search.more', 'more-acts', () => { pages += 1; again(); }))));
      return items;
    },
  };
}

/**
 * @param {import('./desk.js').DeskTools} tools
 * @param {Line} act
 */
function item({ state }, act) {
  const { order } = act;
  const { people, rooms } = state();
  const who = order?.person ?? act.person ?? /** @type {any} */ (act).of;
  const kind = order?.act ?? act.type;
  const known = KNOWN.includes(kind);
  const words = parts(/** @type {Key} */ (known ? `act.${kind}` : 'act.other'), {
    by: nameOf(act.by_name || t('act.server')), name: nameOf(act.people?.[who] ?? people[who] ?? t('who.gone')), what: known ? whatOf(order, act) : kind,
  });
  const room = rooms[act.room ?? order?.room];
  const facts = [shortTime(act.at), room?.name ?? '', order?.until ? t('audit.until', { time: shortTime(order.until) }) : ''].filter(Boolean);
  const note = order?.reason || order?.note || '';
  return element('li', '', element('p', 'head', ...words), element('p', 'detail', facts.join(' · ')), ...(note ? [quoted(note)] : []));
}

/**
 * @param {Order | undefined} order
 * @param {Line} act
 * @returns {string}
 */
function whatOf(order, act) {
  switch (order?.act ?? act.type) {
    case 'set_server_role': return order ? t(`role.${order.role}`) : '';
    case 'role_set': return t(/** @type {Key} */ (`role.${act.role}`));
    case 'set_door': return order ? t(`door.${order.door}`) : '';
    case 'set_slow_mode': return order?.milliseconds ? t('slow.every', { every: lengthOf(order.milliseconds / 1000) }) : t('slow.off');
    case 'set_filter': case 'remove_filter': return order?.pattern ?? '';
    case 'room_renamed': return act.name;
    case 'topic_set': return act.topic;
    default: return '';
  }
}
