// Invitations: made, handed on as a link, looked into, and revoked.

import { parts, t } from '../language.js';
import { element, nameOf } from '../views/elements.js';
import { shortTime } from '../words.js';
import { choice, length, line, press } from './form.js';
import { sending } from './parts.js';

/** @typedef {import('../wire/protocol.js').People} People */
/** @typedef {import('../wire/protocol.js').ServerRole} ServerRole */
/** @typedef {{invite: string, until?: number, uses: number, used: number, rooms: string[], role: ServerRole, by: string, at: number, revoked: boolean, banned: boolean}} Invite */

const WEEK = 604_800;

/**
 * @param {import('./desk.js').DeskTools} tools
 * @returns {import('./desk.js').Part}
 */
export function invites(tools) {
  const { wishes } = tools;
  return {
    form: [form(tools)],
    nothing: 'invite.none',
    list: async () => {
      const answer = await wishes.look({ type: 'invites' });
      return answer && answer.invites.map((/** @type {Invite} */ one) => item(tools, one, answer.people)).reverse();
    },
  };
}

/** @param {import('./desk.js').DeskTools} tools */
function form({ state, wishes, tell, again }) {
  const { rooms, role: own } = state();
  /** @type {ServerRole[]} */
  const roles = own === 'owner' ? ['guest', 'member', 'moderator'] : ['guest', 'member'];
  const [how, uses, role] = [
    length(WEEK, 'invite.endless'), line('invite.uses', 'uses', { type: 'number', hint: t('invite.any') }),
    choice(t('invite.role'), 'role', roles.map((one) => [one, t(`role.${one}`)]), 'member'),
  ];
  const boxes = Object.values(rooms).filter((room) => room.visibility !== 'direct' && room.role && room.name !== 'lobby').map((room) => {
    const box = Object.assign(document.createElement('input'), { type: 'checkbox', name: 'room', value: room.id });
    return { box, row: element('label', 'check', box, element('span', '', nameOf(room.name))) };
  });
  const opens = element('fieldset', '', element('legend', '', t('invite.rooms')), ...boxes.map(({ row }) => row));
  const link = element('div', 'link');
  link.setAttribute('role', 'status');
  const made = sending('invite.make', [element('div', 'pair', how.row, uses.row, role.row), ...(boxes.length > 0 ? [opens] : [])], async () => {
    const chosen = boxes.filter(({ box }) => box.checked).map(({ box }) => box.value);
    const answer = await wishes.order({
      type: 'make_invite', ...how.seconds(), role: role.value(), ...(Number(uses.value()) && { uses: Number(uses.value()) }), ...(chosen[0] && { rooms: chosen }),
    });
    if (!answer) return;
    const address = `${location.origin}/?${new URLSearchParams({ invite: answer.invite })}`;
    const shown = element('code', '', address);
    shown.dataset.testid = 'invite-link';
    link.replaceChildren(element('p', 'detail', t('invite.once')), shown, element('div', 'choice', press('message.copyLink', 'copy-invite', async () => {
      await navigator.clipboard.writeText(address);
      tell(t('toast.copied'));
    })));
    await again();
  });
  return element('div', '', made, link);
}

/**
 * @param {import('./desk.js').DeskTools} tools
 * @param {Invite} one
 * @param {People} people
 */
function item(tools, one, people) {
  const { state, wishes, again, undo } = tools;
  const { invite, until, uses, used, role, by, at, revoked, banned } = one;
  const rooms = one.rooms.map((room) => state().rooms[room]?.name ?? '…');
  const facts = [
    t(`role.${role}`), uses ? t('invite.usedOf', { count: used, most: uses }) : t('invite.used', { count: used }),
    until ? t('invite.until', { time: shortTime(until) }) : t('invite.endless'), ...rooms,
  ];
  const isOver = until !== undefined && until - state().ahead < Date.now();
  const note = banned ? t('invite.banned') : revoked ? t('invite.revoked') : isOver ? t('invite.over') : '';
  const who = element('ul', 'context');
  who.hidden = true;
  const label = shortTime(at);
  /** @param {boolean} ban */
  const revoke = async (ban) => { if (await wishes.order({ type: 'revoke_invite', invite, ban })) await again(); };
  const acts = [];
  if (used > 0) {
    acts.push(press('invite.who', 'came-by', async () => {
      const answer = await wishes.look({ type: 'came_by', invite, limit: 200 });
      const names = Object.values(answer?.people ?? {});
      who.replaceChildren(...names.map((name) => element('li', '', nameOf(String(name)))));
      who.hidden = names.length === 0;
    }, label), press('invite.undo', 'undo-invite', () => undo({ invite }), label));
  }
  if (!revoked) acts.push(press('invite.revoke', 'revoke', () => revoke(false), label));
  if (used > 0 && !banned) acts.push(press('invite.revokeBan', 'revoke-ban', () => revoke(true), label));
  return element(
    'li', '', element('p', 'head', ...parts('invite.head', { name: nameOf(people[by] ?? ''), time: label })), element('p', 'detail', facts.join(' · ')),
    ...(note ? [element('p', 'term', note)] : []), who, element('div', 'choice', ...acts),
  );
}
