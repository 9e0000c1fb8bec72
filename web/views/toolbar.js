// What can be done with a message: one bar of buttons that goes to the message that is pointed at or focused.

import { t } from '../language.js';
import { element } from './elements.js';
import { iconButton } from './icons.js';

export class Toolbar {
  #bar = element('div', 'toolbar');
  #edit = iconButton('edit', t('message.edit'), 'edit');

  /** @param {HTMLElement} list of messages */
  constructor(list) {
    this.#bar.setAttribute('role', 'group');
    this.#bar.ariaLabel = t('message.actions');
    this.#bar.append(
      iconButton('smile', t('message.react'), 'pick'), iconButton('reply', t('message.reply'), 'reply'),
      iconButton('thread', t('message.thread'), 'thread'), this.#edit, iconButton('more', t('message.more'), 'more'),
    );
    for (const kind of ['pointerover', 'focusin', 'click']) {
      list.addEventListener(kind, (event) => this.#goTo(event.target));
    }
    list.addEventListener('pointerleave', () => { if (!this.#bar.contains(document.activeElement)) this.#bar.remove(); });
  }

  /** @param {EventTarget | null} target */
  #goTo(target) {
    const row = target instanceof Element ? target.closest('li.message.settled') : null;
    if (!row || this.#bar.parentElement === row) return;
    this.#edit.hidden = !row.classList.contains('own');
    row.append(this.#bar);
  }
}
