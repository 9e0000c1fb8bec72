// Undoing a raid: whose deeds of the last minutes, what that would be, and then it is done. It can be brought back.

import { t } from '../language.js';
import { element } from '../views/elements.js';
import { lengthOf } from '../words.js';
import { choice, line, press } from './form.js';
import { sending } from './parts.js';
import { networkWords } from './person.js';
import { samples } from './withheld.js';

/** @typedef {import('../wire/protocol.js').People} People */
/** @typedef {{people?: string[], invite?: string, range?: string}} Selection */
/** @typedef {{authors: number, arrived: number, messages: number, events: number, rooms_opened: number, rooms: number, samples: {room: string, sequence: number, by: string, text: string}[], people: People}} Review */

/** In minutes. */
const TIMES = [10, 30, 60, 180, 720, 1440, 10_080];
/** How many ranges around an address are told apart, at most. */
const RANGES = 4;

/**
 * @param {import('./desk.js').DeskTools} tools
 * @param {Selection & {name?: string}} chosen whose deeds, where that was chosen elsewhere
 * @returns {import('./desk.js').Part}
 */
export function undo(tools, chosen) {
  const { wishes } = tools;
  const found = element('div', 'review');
  found.setAttribute('role', 'status');
  const minutes = choice(t('undo.minutes'), 'minutes', TIMES.map((one) => [String(one), lengthOf(one * 60)]), '60');
  const who = line('undo.who', 'who', { needed: true, value: chosen.name ?? '', most: 60 });
  /** @type {[string, string][]} */
  const reaches = [
    ['person', t('undo.person')], ['invite', t('undo.invite')],
    ...Array.from({ length: RANGES }, (_, at) => /** @type {[string, string]} */ ([`range-${at}`, t('undo.from', { network: networkWords(at) })])).filter((one, at, all) => all.findIndex(([, words]) => words === one[1]) === at),
    ['typed', t('undo.typed')],
  ];
  const reach = choice(t('undo.whose'), 'reach', reaches, 'person');
  const fields = chosen.invite ? [element('p', 'term', t('undo.ofInvite')), minutes.row] : [element('div', 'pair', who.row, reach.row, minutes.row)];
  const form = sending('undo.review', fields, async () => {
    found.replaceChildren();
    const selection = chosen.invite ? { invite: chosen.invite } : await selectionOf(tools, who.value(), reach.value());
    if (!selection) return;
    const request = { ...selection, minutes: Number(minutes.value()) };
    /** @type {Review | null} */
    const review = await wishes.look({ type: 'review', ...request });
    if (review) found.replaceChildren(...shown(tools, review, request, () => found.replaceChildren()));
  });
  return { form: [element('p', 'detail', t('undo.note')), form, found], nothing: 'undo.week', list: async () => [] };
}

/**
 * @param {import('./desk.js').DeskTools} tools
 * @param {string} who
 * @param {string} reach
 * @returns {Promise<Selection | null>}
 */
async function selectionOf({ wishes, tell }, who, reach) {
  if (reach === 'typed') return { range: who };
  const person = await wishes.person(who.replace(/^@/, ''));
  if (!person) return null;
  if (reach === 'person') return { people: [person] };
  const about = await wishes.look({ type: 'about', person });
  if (!about) return null;
  const { came_by: invite, ranges = [] } = about;
  const range = ranges[Math.min(Number(reach.split('-')[1]), ranges.length - 1)];
  if (reach === 'invite' && invite) return { invite };
  if (reach !== 'invite' && range) return { range };
  tell(t(reach === 'invite' ? 'undo.noInvite' : 'undo.noRange', { name: who }));
  return null;
}

/**
 * @param {import('./desk.js').DeskTools} tools
 * @param {Review} review
 * @param {Selection & {minutes: number}} request
 * @param {() => void} cancel
 */
function shown({ wishes, tell, choose }, review, request, cancel) {
  /** @type {[import('../language.js').Key, number][]} */
  const counts = [
    ['undo.authors', review.authors], ['undo.messages', review.messages], ['undo.events', review.events],
    ['undo.arrived', review.arrived], ['undo.opened', review.rooms_opened], ['undo.rooms', review.rooms],
  ];
  const told = counts.filter(([, count]) => count > 0).map(([key, count]) => element('li', '', t(key, { count })));
  const list = element('ul', 'counts', ...told);
  list.dataset.testid = 'review';
  if (review.messages + review.events + review.arrived + review.rooms_opened === 0) return [element('p', 'term', t('undo.nothing'))];
  const send = press('undo.do', 'undo', async () => {
    if (!await wishes.order({ type: 'undo', ...request })) return;
    tell(t('undo.done'));
    choose('withheld');
  });
  send.className = 'strong';
  return [element('h3', '', t('undo.would')), list, samples(review.samples, review.people), element('div', 'choice', send, press('box.cancel', 'cancel-undo', cancel))];
}
