// What a room looks like before anybody has spoken.

import { t } from '../language.js';

/** @typedef {import('../state/state.js').State} State */

export class Empty {
  #section;
  #company;

  /**
   * @param {HTMLElement} section
   * @param {HTMLElement} company says who could hear you
   */
  constructor(section, company) {
    this.#section = section;
    this.#company = company;
  }

  /** @param {State} state */
  render({ rooms, here }) {
    const room = rooms[here];
    // Before the history is read nobody knows whether it is quiet.
    this.#section.hidden = !room?.span || room.span.messages.length + room.pending.length > 0;
    const words = (room?.present ?? 0) > 1
      ? t('empty.company', { count: room?.present ?? 0 })
      : t('empty.first', { host: location.host });
    if (this.#company.textContent !== words) this.#company.textContent = words;
  }
}
