// What keeps the peace, on the page: a person's card, reports, and all that waits. It is fetched when it is needed first.

import { t } from '../language.js';
import { element } from '../views/elements.js';
import { Desk } from './desk.js';
import { card, line } from './form.js';
import { showPerson } from './person.js';

/** @typedef {import('../state/state.js').Message} Message */

/** @typedef {{name?: string, invite?: string}} Chosen whose deeds are to be undone */

/**
 * @typedef {object} Tools what the cards work with
 * @property {() => import('../state/state.js').State} state
 * @property {import('../wishes.js').Wishes} wishes
 * @property {import('../keeping.js').Keeping} keeping
 * @property {(content: HTMLElement) => void} show
 * @property {() => void} close
 * @property {(sentence: string) => void} tell
 * @property {(room: string, message?: number) => void} go
 * @property {(chosen: Chosen) => void} undo opens what undoes somebody's deeds
 */

export class Moderation {
  /** @type {Tools} */
  #tools;

  /** @param {import('../actions.js').Parts} parts */
  constructor({ state, wishes, keeping, dialogs, tell, go }) {
    this.#tools = {
      state, wishes, keeping, tell, go,
      show: (content) => {
        dialogs.show(content);
        const first = content.querySelector('input, select, textarea, button');
        if (first instanceof HTMLElement) first.focus();
      },
      close: () => dialogs.close(),
      undo: (chosen) => new Desk(this.#tools).open('undo', chosen),
    };
  }

  /**
   * @param {string} who
   * @param {string} room
   */
  person(who, room) {
    return showPerson(this.#tools, who, room);
  }

  /**
   * @param {string} room
   * @param {Message} message
   */
  report(room, message) {
    const { state, wishes, show, close, tell } = this.#tools;
    const note = line('report.note', 'note');
    const said = element('blockquote', '', element('bdi', '', state().people[message.by] ?? ''), `: ${message.text.slice(0, 200)}`);
    said.dir = 'auto';
    show(card(t('report.title'), [said, note.row, element('p', 'detail', t('report.explain'))], t('report.do'), async () => {
      const done = await wishes.order({ type: 'report', room, message: message.sequence, ...(note.value() && { note: note.value() }) });
      if (done) tell(t('report.done'));
      return done;
    }, close));
  }

  open() {
    new Desk(this.#tools).open();
  }
}
