// What a room looks like before anybody has spoken.

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
      ? `${room?.present} of you are here. Say hello: everyone sees it at once.`
      : `You are the first. Whoever opens ${location.host} walks in here.`;
    if (this.#company.textContent !== words) this.#company.textContent = words;
  }
}
