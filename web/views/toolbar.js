// What can be done with a message: one bar of buttons that goes to the message that is pointed at or focused.

import { t } from '../language.js';
import { element } from './elements.js';
import { iconButton } from './icons.js';

/** A finger that rests on a message so long, in milliseconds, wishes for everything that can be done with it. */
const HELD = 500;
/** A finger that moves farther, in pixels, scrolls. */
const STRAY = 10;

export class Toolbar {
  #bar = element('div', 'toolbar');
  #edit = iconButton('edit', t('message.edit'), 'edit');
  #more = iconButton('more', t('message.more'), 'more');

  #list;

  /** @param {HTMLElement} list of messages */
  constructor(list) {
    this.#list = list;
    this.#bar.setAttribute('role', 'group');
    this.#bar.ariaLabel = t('message.actions');
    this.#bar.append(
      iconButton('smile', t('message.react'), 'pick'), iconButton('reply', t('message.reply'), 'reply'),
      iconButton('thread', t('message.thread'), 'thread'), this.#edit, this.#more,
    );
    for (const kind of ['pointerover', 'focusin', 'click']) {
      list.addEventListener(kind, (event) => this.#goTo(event.target));
    }
    list.addEventListener('pointerleave', () => { if (!this.#bar.contains(document.activeElement)) this.#bar.remove(); });
    list.addEventListener('pointerdown', (event) => { if (event.pointerType === 'touch') this.#touched(event); });
  }

  /** @param {PointerEvent} event */
  #touched({ target, clientX, clientY }) {
    const key = target instanceof Element ? target.closest('li')?.dataset.key : undefined;
    if (!key) return;
    const touch = new AbortController();
    const { signal } = touch;
    let isHeld = false;
    const timer = setTimeout(() => {
      isHeld = true;
      this.#goTo(target);
      navigator.vibrate?.(10);
    }, HELD);
    const end = () => {
      clearTimeout(timer);
      touch.abort();
      // A menu that opened under the finger would close when that is lifted, which also takes the bar away; and the
      // message may have been drawn anew meanwhile.
      if (isHeld) setTimeout(() => { this.#goTo(this.#list.querySelector(`li[data-key="${CSS.escape(key)}"]`)); this.#more.click(); });
    };
    addEventListener('pointerup', end, { signal });
    addEventListener('pointercancel', end, { signal });
    addEventListener('pointermove', (moved) => {
      if (!isHeld && Math.hypot(moved.clientX - clientX, moved.clientY - clientY) > STRAY) end();
    }, { signal });
    // The browser's own menu for a finger that rests.
    addEventListener('contextmenu', (event) => event.preventDefault(), { signal });
  }

  /** @param {EventTarget | null} target */
  #goTo(target) {
    const row = target instanceof Element ? target.closest('li.message.settled') : null;
    if (!row || this.#bar.parentElement === row) return;
    this.#edit.hidden = !row.classList.contains('own');
    row.append(this.#bar);
  }
}
