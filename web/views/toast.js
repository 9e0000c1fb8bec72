// One sentence at the edge of the page, for a few seconds, and the way back if there is one.

const SHOWN = 5000;

export class Toast {
  #place;
  #words;
  #undo;
  /** @type {number | undefined} */
  #timer;
  /** @type {(() => void) | undefined} what is done when the time for going back is over */
  #done;
  /** @type {(() => void) | undefined} */
  #back;

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
    this.#words = /** @type {HTMLElement} */ (place.querySelector('span'));
    this.#undo = /** @type {HTMLElement} */ (place.querySelector('button'));
    this.#undo.addEventListener('click', () => {
      this.#done = undefined;
      this.#back?.();
      this.finish();
    });
  }

  /**
   * @param {string} sentence
   * @param {() => void} [back] takes it back
   * @param {() => void} [done] makes it so, unless it is taken back
   */
  tell(sentence, back, done) {
    this.finish();
    this.#back = back;
    this.#done = done;
    this.#words.textContent = sentence;
    this.#undo.hidden = !back;
    this.#place.hidden = false;
    this.#timer = setTimeout(() => this.finish(), SHOWN);
  }

  /** Now, without waiting. */
  finish() {
    clearTimeout(this.#timer);
    this.#place.hidden = true;
    const done = this.#done;
    this.#done = undefined;
    done?.();
  }
}
