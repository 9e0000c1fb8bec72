// The boxes that stand in the pane beside the talk: one to search, one to answer in a thread.

import { t } from './language.js';
import { mentionsIn } from './people.js';
import { Composer } from './views/composer.js';
import { element } from './views/elements.js';

/** @typedef {import('./state/state.js').State} State */

/** A search follows what is typed after this pause. */
const PAUSE = 120;

/**
 * @param {import('./wishes.js').Wishes} wishes
 * @returns {HTMLElement}
 */
export function searchBox(wishes) {
  const box = document.createElement('input');
  box.type = 'search';
  box.placeholder = t('search.placeholder');
  box.ariaLabel = t('pane.search');
  box.dataset.testid = 'search-box';
  /** @type {number | undefined} */
  let pause;
  box.addEventListener('input', () => {
    clearTimeout(pause);
    pause = setTimeout(() => wishes.search(box.value), PAUSE);
  });
  return element('div', 'search-box', box);
}

/**
 * @param {State} state
 * @param {import('./sender.js').Sender} sender
 * @param {import('./wishes.js').Wishes} wishes
 * @returns {HTMLElement | null}
 */
export function threadBox(state, sender, wishes) {
  const { pane } = state;
  if (pane?.kind !== 'thread') return null;
  const { room, root } = pane;
  const form = document.createElement('form');
  form.className = 'field';
  const box = document.createElement('textarea');
  box.rows = 1;
  box.dir = 'auto';
  box.placeholder = t('message.thread');
  box.ariaLabel = box.placeholder;
  box.dataset.testid = 'thread-box';
  const send = element('button', 'send', t('box.send'));
  form.append(box, send);
  const composer = new Composer(form, box, {
    post: (text) => sender.say(room, text, { thread: root, mentions: mentionsIn(text, state.people) }),
    hasMore: () => false,
    typing: () => wishes.typing(room),
    editLast: () => {},
  });
  composer.show(`${room}/thread/${root}`);
  return form;
}
