// Wires the parts together: frames and gestures become events, events become state, state becomes page.

import { Announcer } from './announcer.js';
import { Composer } from './composer.js';
import { Connection } from './connection.js';
import { Empty } from './empty.js';
import { initial, reduce } from './state.js';
import { Status, titleOf } from './status.js';
import { Timeline } from './timeline.js';

/** @typedef {import('./state.js').Event} Event */
/** @typedef {import('./protocol.js').Frame} Frame */

let state = initial;
/** @type {(() => void) | null} withdraws the drawing that is due, if one is */
let unschedule = null;

const announcer = new Announcer(find('[data-testid="announcer"]', HTMLElement));
const empty = new Empty(find('.empty', HTMLElement), find('.company', HTMLElement));
const pill = find('[data-testid="newer"]', HTMLButtonElement);
const timeline = new Timeline(
  find('[data-testid="timeline"]', HTMLElement), find('.rows', HTMLElement), pill,
  (atEnd) => dispatch({ kind: 'scrolled', atEnd }),
);
const status = new Status({
  you: find('[data-testid="you"]', HTMLElement),
  room: find('[data-testid="room"]', HTMLElement),
  present: find('[data-testid="present"]', HTMLElement),
  status: find('[data-testid="status"]', HTMLElement),
  banner: find('.banner > .column', HTMLElement),
  trouble: find('.trouble', HTMLElement),
});
const composer = new Composer(
  find('.compose', HTMLFormElement), find('[data-testid="composer"]', HTMLTextAreaElement),
  find('.hint', HTMLElement), post,
);
const connection = new Connection(
  `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/chat`,
  receive, (phase, trouble) => dispatch({ kind: 'phase', phase, trouble }),
);

pill.addEventListener('click', () => { timeline.jumpToEnd(); composer.focus(); });
find('[data-testid="retry"]', HTMLButtonElement).addEventListener('click', () => {
  connection.retry();
  composer.focus();
});
document.addEventListener('visibilitychange', noticeVisibility);
noticeVisibility();
connection.open();

/** @param {Frame} frame */
function receive(frame) {
  if (frame.type === 'message' && frame.from !== state.you) announcer.heard(frame.from, frame.text);
  dispatch({ kind: 'frame', frame });
}

/** @param {string} text */
function post(text) {
  const sent = connection.post(text);
  if (sent) dispatch({ kind: 'posted', text });
  return sent;
}

function noticeVisibility() {
  // A frame that a hidden tab waits for would never come.
  unschedule?.();
  unschedule = null;
  dispatch({ kind: 'visibility', hidden: document.hidden });
}

/** @param {Event} event */
function dispatch(event) {
  state = reduce(state, event);
  schedule();
}

/** Draws once per frame, however much happened. A hidden tab has no frames, so a timer stands in. */
function schedule() {
  if (unschedule) return;
  if (document.hidden) {
    const timer = setTimeout(draw, 200);
    unschedule = () => clearTimeout(timer);
  } else {
    const frame = requestAnimationFrame(draw);
    unschedule = () => cancelAnimationFrame(frame);
  }
}

function draw() {
  unschedule = null;
  const { returned } = state;
  if (returned.length > 0) {
    composer.takeBack(returned);
    dispatch({ kind: 'taken-back' });
  }
  document.title = titleOf(state);
  status.render(state);
  composer.render(state);
  empty.render(state);
  if (timeline.render(state)) schedule();
}

/**
 * @template {HTMLElement} T
 * @param {string} selector
 * @param {new () => T} kind
 * @returns {T}
 */
function find(selector, kind) {
  const found = document.querySelector(selector);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${selector}`);
}
