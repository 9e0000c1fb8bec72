// Wires the parts together: lines and gestures become events, events become state, state becomes page.

import { initial } from './state/state.js';
import { reduce } from './state/reduce.js';
import { Session } from './session.js';
import { Announcer } from './views/announcer.js';
import { Composer } from './views/composer.js';
import { Empty } from './views/empty.js';
import { Status, titleOf } from './views/status.js';
import { Timeline } from './views/timeline.js';
import { Connection } from './wire/connection.js';
import { Requests } from './wire/requests.js';

/** @typedef {import('./state/reduce.js').Event} Event */
/** @typedef {import('./wire/protocol.js').Line} Line */
/** @typedef {import('./wire/protocol.js').Welcome} Welcome */

let state = initial;
/** @type {(() => void) | null} withdraws the drawing that is due, if one is */
let unschedule = null;

const connection = new Connection(
  `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/chat`,
  receive, (phase, trouble) => {
    if (phase !== 'connected') requests.drop();
    dispatch({ kind: 'phase', phase, trouble });
  },
);
const requests = new Requests((text) => connection.send(text));
const session = new Session(requests, () => state, dispatch);

const announcer = new Announcer(find('[data-testid="announcer"]', HTMLElement));
const empty = new Empty(find('.empty', HTMLElement), find('.company', HTMLElement));
const pill = find('[data-testid="newer"]', HTMLButtonElement);
const timeline = new Timeline(
  find('[data-testid="timeline"]', HTMLElement), find('.rows', HTMLElement), pill, {
    scrolled: (atEnd) => dispatch({ kind: 'scrolled', atEnd }),
    nearStart: () => session.older(state.here),
    again: (message) => session.sayAgain(state.here, message),
    edit: (message) => { session.unsay(state.here, message); composer.putBack(message.text); },
    drop: (message) => session.unsay(state.here, message),
  },
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
  find('.hint', HTMLElement), (text) => session.say(state.here, text),
);

pill.addEventListener('click', () => { timeline.jumpToEnd(); composer.focus(); });
find('[data-testid="retry"]', HTMLButtonElement).addEventListener('click', () => {
  connection.retry();
  composer.focus();
});
document.addEventListener('visibilitychange', noticeVisibility);
noticeVisibility();
connection.open();

/** @param {Record<string, unknown> & {type: string}} line */
function receive(line) {
  if (requests.hear(line)) return;
  if (line.type === 'welcome') {
    dispatch({ kind: 'welcome', welcome: /** @type {Welcome} */ (/** @type {unknown} */ (line)) });
    session.begin();
    return;
  }
  const told = /** @type {Line} */ (/** @type {unknown} */ (line));
  if (told.type === 'posted' && told.room === state.here && told.by !== state.you.id) {
    announcer.heard(told.by_name, told.text);
  }
  dispatch({ kind: 'told', line: told });
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
  document.title = titleOf(state);
  status.render(state);
  composer.render(state);
  empty.render(state);
  if (timeline.render(state)) schedule();
  session.notice();
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
