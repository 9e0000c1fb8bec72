// Where you are: the room, its topic, who is here; and under the box, who is writing.

import { t } from '../language.js';
import { moderates, restraintIn } from '../state/restraint.js';
import { areWriting, lengthOf, roomName, shortTime } from '../words.js';
import { say } from './elements.js';

/** @typedef {import('../state/restraint.js').Restraint} Restraint */
/** @typedef {import('../state/state.js').State} State */

/** What ends later than this is not waited for on the page. */
const LONG = 24 * 60 * 60 * 1000;

/**
 * @typedef {object} Places
 * @property {HTMLElement} room
 * @property {HTMLElement} topic
 * @property {HTMLElement} openToWeb
 * @property {HTMLElement} present
 * @property {HTMLElement} leave
 * @property {HTMLElement} you
 * @property {HTMLElement} hint
 * @property {HTMLElement} send
 * @property {HTMLElement} about
 * @property {HTMLElement} joining
 * @property {HTMLElement} compose
 */

export class Header {
  #places;

  /** @param {Places} places */
  constructor(places) {
    this.#places = places;
  }

  /**
   * @param {State} state
   * @param {number | null} left octets, once they are few
   * @param {number} now
   * @returns {number} the milliseconds after which something else is to be said here; 0 for never
   */
  render(state, left, now) {
    const { room: title, topic, openToWeb, present, leave, you, joining, compose } = this.#places;
    const room = state.rooms[state.here];
    say(you, state.you.name);
    say(title, room ? roomName(room, state.people) : 'lobby');
    const mayName = moderates(state, room);
    say(topic, room?.topic || (mayName ? t('top.addTopic') : ''));
    topic.toggleAttribute('disabled', !mayName);
    openToWeb.hidden = !room?.openToWeb;
    say(present, state.phase === 'connected' && room && room.present > 0 ? t('top.here', { count: room.present }) : '');
    const isMember = !room || room.role !== '';
    leave.hidden = !room || !isMember || room.visibility === 'direct' || room.name === 'lobby';
    joining.hidden = isMember;
    compose.hidden = !isMember;
    const restraint = restraintIn(state, room, now);
    this.#renderBox(state, left, restraint);
    const rest = restraint?.until ? restraint.until - now : 0;
    // Only the button counts: a sentence that changes every second would be read out every second.
    say(this.#places.send, restraint?.kind === 'slow' ? clock(rest) : t('box.send'));
    this.#places.send.classList.toggle('waits', restraint !== null);
    if (restraint?.kind === 'slow') return rest % 1000 || 1000;
    return rest > 0 && rest < LONG ? rest : 0;
  }

  /**
   * @param {State} state
   * @param {number | null} left
   * @param {Restraint | null} restraint
   */
  #renderBox({ rooms, here, phase, abouts, people }, left, restraint) {
    const room = rooms[here];
    const waits = phase === 'reconnecting' && room?.pending.some((message) => message.status === 'sending');
    const length = left === null ? '' : left < 0 ? t('box.tooLong', { count: -left }) : t('box.left', { count: left });
    say(this.#places.hint, length || (restraint ? sentenceOf(restraint) : waits ? t('box.later') : areWriting(room?.typing ?? [])));
    const about = abouts[here] ?? { kind: 'none' };
    this.#places.about.hidden = about.kind === 'none';
    if (about.kind === 'none') return;
    const { by, text } = about.message;
    const words = about.kind === 'edit' ? t('box.editing') : t('box.replying', { name: people[by] ?? '', text: text.split('\n')[0] });
    say(/** @type {HTMLElement} */ (this.#places.about.firstElementChild), words);
  }
}

/** @param {Restraint} restraint */
function sentenceOf(restraint) {
  if (restraint.kind === 'claim') return t('box.claimFirst');
  if (restraint.kind === 'slow') return t('box.slow', { every: lengthOf(restraint.every) });
  const words = restraint.until ? t('box.mutedUntil', { time: shortTime(restraint.until) }) : t('box.muted');
  return restraint.why ? `${words} ${t('status.why', { why: restraint.why })}` : words;
}

/** @param {number} rest milliseconds */
function clock(rest) {
  const seconds = Math.ceil(rest / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
