// Whether the line is up; trouble is mentioned only when it lasts.

import { t } from '../language.js';
import { roomName } from '../words.js';
import { say } from './elements.js';

/** @typedef {import('../state/state.js').State} State */

const QUIET_FOR = 2000;
/** What somebody decided is told at once. */
const TOLD_AT_ONCE = ['shut-out', 'kicked', 'not-invited', 'waiting'];

/**
 * @typedef {object} Places
 * @property {HTMLElement} status
 * @property {HTMLElement} banner
 * @property {HTMLElement} trouble
 * @property {HTMLElement} ask to be let in
 */

export class Status {
  #places;
  /** @type {number | undefined} set from the loss of the connection until its return */
  #patience;

  /** @param {Places} places */
  constructor(places) {
    this.#places = places;
  }

  /** @param {State} state */
  render({ phase, trouble, why }) {
    const { status } = this.#places;
    status.dataset.state = phase;
    say(status, t(`status.${phase}`));
    const reason = why ? ` ${t('status.why', { why })}` : '';
    say(this.#places.trouble, phase === 'reconnecting' ? t(`status.${trouble}`) + reason : '');
    this.#places.ask.hidden = trouble !== 'not-invited';
    if (phase === 'connected') this.#relax();
    else if (phase === 'reconnecting' && TOLD_AT_ONCE.includes(trouble)) this.#places.banner.hidden = false;
    else this.#patience ??= setTimeout(() => { this.#places.banner.hidden = false; }, QUIET_FOR);
  }

  #relax() {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#places.banner.hidden = true;
  }
}

/** @param {State} state */
export function titleOf({ missed, rooms, here, people }) {
  const room = rooms[here];
  return `${missed > 0 ? `(${missed}) ` : ''}${room ? roomName(room, people) : 'lobby'} · Parlor`;
}
