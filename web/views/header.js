// Where you are: the room, its topic, who is here; and under the box, who is writing.

import { t } from '../language.js';
import { areWriting, roomName } from '../words.js';
import { say } from './elements.js';

/** @typedef {import('../state/state.js').State} State */

/**
 * @typedef {object} Places
 * @property {HTMLElement} room
 * @property {HTMLElement} topic
 * @property {HTMLElement} present
 * @property {HTMLElement} leave
 * @property {HTMLElement} you
 * @property {HTMLElement} hint
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
   */
  render(state, left) {
    const { room: title, topic, present, leave, you, joining, compose } = this.#places;
    const room = state.rooms[state.here];
    say(you, state.you.name);
    say(title, room ? roomName(room, state.people) : 'lobby');
    const mayName = room?.role === 'owner' || room?.role === 'moderator';
    say(topic, room?.topic || (mayName ? t('top.addTopic') : ''));
    topic.toggleAttribute('disabled', !mayName);
    say(present, state.phase === 'connected' && room && room.present > 0 ? t('top.here', { count: room.present }) : '');
    const isMember = !room || room.role !== '';
    leave.hidden = !room || !isMember || room.visibility === 'direct' || room.name === 'lobby';
    joining.hidden = isMember;
    compose.hidden = !isMember;
    this.#renderBox(state, left);
  }

  /**
   * @param {State} state
   * @param {number | null} left
   */
  #renderBox({ rooms, here, phase, abouts, people }, left) {
    const room = rooms[here];
    const waits = phase === 'reconnecting' && room?.pending.some((message) => message.status === 'sending');
    const length = left === null ? '' : left < 0 ? t('box.tooLong', { count: -left }) : t('box.left', { count: left });
    say(this.#places.hint, length || (waits ? t('box.later') : areWriting(room?.typing ?? [])));
    const about = abouts[here] ?? { kind: 'none' };
    this.#places.about.hidden = about.kind === 'none';
    if (about.kind === 'none') return;
    const { by, text } = about.message;
    const words = about.kind === 'edit' ? t('box.editing') : t('box.replying', { name: people[by] ?? '', text: text.split('\n')[0] });
    say(/** @type {HTMLElement} */ (this.#places.about.firstElementChild), words);
  }
}
