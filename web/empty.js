// What a room looks like before anybody has spoken.

/** @typedef {import('./state.js').State} State */

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
  render({ you, present, entries }) {
    // Before the welcome nobody knows whether it is quiet.
    this.#section.hidden = you === '' || entries.some((entry) => entry.kind === 'message');
    const words = present > 1
      ? `${present} of you are here. Say hello: everyone sees it at once.`
      : `You are the first. Whoever opens ${location.host} walks in here.`;
    if (this.#company.textContent !== words) this.#company.textContent = words;
  }
}
