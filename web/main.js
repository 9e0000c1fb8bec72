// Wires the parts together: lines and gestures become events, events become state, state becomes page.

import { Account } from './account/account.js';
import { actionsOf, suggestionsFor } from './actions.js';
import { badge } from './badge.js';
import { Brought, askToComeIn, ticket } from './brought.js';
import { letFilesCome } from './files/bringing.js';
import { withoutAddresses } from './files/links.js';
import { Tray } from './files/tray.js';
import { searchBox, threadBox } from './feet.js';
import { obey } from './commands.js';
import { doingOf } from './doing.js';
import { listen } from './keys.js';
import { learnLanguage, t } from './language.js';
import { LocalCopy, recall } from './local/copy.js';
import { draftPlace, recallDrafts } from './local/drafts.js';
import { Keeping } from './keeping.js';
import { Notifier } from './notifier.js';
import { followLooks } from './looks.js';
import { mentionsIn } from './people.js';
import { listenToPresses } from './pressing.js';
import { pathOf, placeOf } from './router.js';
import { Sender } from './sender.js';
import { Session } from './session.js';
import { whenSet } from './settings.js';
import { reduce } from './state/reduce.js';
import { restraintIn } from './state/restraint.js';
import { initial } from './state/state.js';
import { keepVersions } from './versions.js';
import { Announcer } from './views/announcer.js';
import { Completion } from './views/completion.js';
import { Composer } from './views/composer.js';
import { Dialogs } from './views/dialogs.js';
import { find } from './views/elements.js';
import { Empty } from './views/empty.js';
import { Header } from './views/header.js';
import { Pane } from './views/pane.js';
import { Sidebar } from './views/sidebar.js';
import { Status, titleOf } from './views/status.js';
import { Timeline } from './views/timeline.js';
import { Toast } from './views/toast.js';
import { Toolbar } from './views/toolbar.js';
import { Connection } from './wire/connection.js';
import { Requests } from './wire/requests.js';
import { neighbour, region } from './walking.js';
import { Wishes } from './wishes.js';

/** @typedef {import('./state/reduce.js').Event} Event */
/** @typedef {import('./state/state.js').Message} Message */
/** @typedef {import('./wire/protocol.js').Line} Line */
/** @typedef {import('./wire/protocol.js').Welcome} Welcome */

/** What was missed is waited for, before anything is drawn, no longer than this. */
const LONGEST_HOLD = 1000;
/** What happens to oneself after which one's rooms are others, or one may do something else in them. */
const ABOUT_ME = ['joined', 'left', 'role_set', 'mute', 'unmute'];
/** What was kept is waited for, before the server is asked, no longer than this. */
const SLOW_DISK = 3000;

followLooks();
await learnLanguage();

let state = initial;
const now = () => state;
/** @type {(() => void) | null} withdraws the drawing that is due, if one is */
let unschedule = null;
/** @type {number | undefined} set while what was missed is on its way: it is drawn all at once */
let held;
let hasAsked = false;
/** @type {number | undefined} set while something on the page changes with the time */
let ticking;
/** @type {string[]} rooms that were shown, the last one first */
const recent = [];

document.querySelector('.plain')?.remove(); // It was for who has no script.
const connection = new Connection(
  () => `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/chat${ticket()}`,
  receive, (phase, trouble, why) => {
    if (phase !== 'connected') requests.drop();
    if (trouble === 'signed-out') account.ended();
    dispatch({ kind: 'phase', phase, trouble, why });
  },
);
const requests = new Requests((text) => connection.send(text));
const session = new Session(requests, now, dispatch);
const sender = new Sender(requests, now, dispatch);
const keeping = new Keeping(requests, now, dispatch);
const copy = new LocalCopy(now);
const toast = new Toast(find('.toast', HTMLElement));
const tell = (/** @type {string} */ sentence) => toast.tell(sentence);
const wishes = new Wishes(requests, now, dispatch, tell);
const brought = new Brought(requests, tell);
const notifier = new Notifier(go);
const announcer = new Announcer(find('[data-testid="announcer"]', HTMLElement));
const empty = new Empty(find('.empty', HTMLElement), find('.company', HTMLElement));
const pill = find('[data-testid="newer"]', HTMLButtonElement);
const rows = find('.stage .rows', HTMLElement);
const timeline = new Timeline(find('[data-testid="timeline"]', HTMLElement), rows, pill, {
  scrolled: (atEnd) => dispatch({ kind: 'scrolled', atEnd }),
  nearStart: () => session.older(state.here),
  nearEnd: () => session.newer(state.here),
});
new Toolbar(rows);
const status = new Status({
  status: find('[data-testid="status"]', HTMLElement),
  banner: find('.banner > .column', HTMLElement),
  trouble: find('.trouble', HTMLElement), ask: find('[data-testid="ask-in"]', HTMLElement),
});
const form = find('.compose', HTMLFormElement);
const header = new Header({
  room: find('[data-testid="room"]', HTMLElement), topic: find('.topic', HTMLElement), openToWeb: find('.open-to-web', HTMLElement),
  present: find('[data-testid="present"]', HTMLElement), leave: find('.leave', HTMLElement),
  you: find('[data-testid="you"]', HTMLElement), hint: find('.hint', HTMLElement), send: find('.send', HTMLElement),
  about: find('.about', HTMLElement), joining: find('.joining', HTMLElement), compose: form,
});
const sidebar = new Sidebar(find('.side', HTMLElement), find('.menu .dot', HTMLElement));
const dialogs = new Dialogs(find('dialog', HTMLDialogElement), () => composer.focus());
const account = new Account(dialogs, {
  again: () => connection.again(),
  leave: async (isSame) => { if (!isSame) await copy.forget(); location.replace('/'); },
});
const pane = new Pane(find('.pane', HTMLElement), (kind) => (
  kind === 'search' ? searchBox(wishes) : threadBox(state, sender, wishes)));
const box = find('[data-testid="composer"]', HTMLTextAreaElement);
// Before the composer, so that it hears a key first that chooses a suggestion.
const completion = new Completion(box, find('.completion', HTMLElement), (sign, words) => {
  if (sign === '@') wishes.members(state.here).then((isNew) => isNew && document.activeElement === box && completion.look());
  return suggestionsFor(state, sign, words);
});
const tray = new Tray(find('.tray', HTMLElement), tell);
const addFile = find('[data-testid="add-file"]', HTMLElement);
// Before the composer, so that it hears first of files that are pasted.
letFilesCome(box, (files) => tray.add(files, state.largest), (text) => {
  const isTooLong = state.largest > 0 && text.length > state.most / 2 && new TextEncoder().encode(text).length > state.most;
  if (isTooLong) tell(t('files.pasted'));
  return isTooLong;
});
const composer = new Composer(form, box, { post, hasMore: () => !tray.isEmpty(), typing: () => wishes.typing(state.here), editLast });
const renew = keepVersions(() => state.phase === 'connected', () => { find('.offer', HTMLElement).hidden = false; });
const actions = actionsOf({
  state: now, dispatch, session, sender, wishes, keeping, connection, renew, recent, dialogs, account, composer, sidebar, go, remove, notifier, tell,
});
const doing = doingOf({ state: now, wishes, go, does, tell, say });

pill.addEventListener('click', jumpToEnd);
find('[data-testid="retry"]', HTMLButtonElement).addEventListener('click', () => {
  connection.retry();
  composer.focus();
});
listenToPresses({ state: now, dispatch, wishes, actions });
document.addEventListener('visibilitychange', noticeVisibility);
addEventListener('popstate', () => {
  session.leave();
  dispatch({ kind: 'address', place: placeOf(location.pathname) });
  session.arrive();
});
addEventListener('pagehide', () => toast.finish());
listen({
  switcher: () => does('switcher'),
  search: () => does('search'),
  shortcuts: () => does('shortcuts'),
  settings: () => does('settings'),
  neighbour: (step, unread) => {
    const room = neighbour(state.here, step, unread);
    if (room) go(room);
  },
  escape,
  region,
  write: () => composer.focus(),
});
whenSet(() => { sidebar.anew(); schedule(); });
box.addEventListener('input', schedule);
noticeVisibility();
dispatch({ kind: 'address', place: placeOf(location.pathname) });
composer.focus();
start();

/** What was kept is shown before anybody is asked. A slow disk keeps nobody from talking. */
async function start() {
  const recalled = Promise.all([recall(), recallDrafts()]).then(([kept]) => {
    composer.recall();
    if (!kept || state.isWelcome) return;
    copy.knows(kept);
    dispatch({ kind: 'recalled', kept });
    sender.takeUp();
  });
  await Promise.race([recalled, new Promise((done) => setTimeout(done, SLOW_DISK))]);
  connection.open();
  account.arrive();
}

/** @param {Record<string, unknown> & {type: string}} line */
function receive(line) {
  if (requests.hear(line)) return;
  if (line.type === 'welcome') {
    welcomed(/** @type {Welcome} */ (/** @type {unknown} */ (line)));
    return;
  }
  if (line.type === 'waiting') return askToComeIn('');
  const told = /** @type {Line} */ (/** @type {unknown} */ (line));
  if (told.type === 'posted' && told.room === state.here && told.by !== state.you.id) {
    announcer.heard(told.by_name, withoutAddresses(told.text));
  }
  notifier.hear(told, state);
  keeping.hear(told);
  if (told.type === 'read') notifier.clear(told.room);
  const isMine = (told.person ?? told.order?.person) === state.you.id && ABOUT_ME.includes(told.order?.act ?? told.type);
  if (isMine || told.type === 'room_created' || told.type === 'room_renamed') session.refresh();
  dispatch({ kind: 'told', line: told });
  if (told.type === 'shown' || told.type === 'hidden') session.reread(told.room, told.type === 'shown' ? told.messages : []);
}

/** @param {Welcome} welcome */
async function welcomed(welcome) {
  // A browser that keeps no cookies is somebody new each time.
  if (welcome.token && !hasAsked) return becomeSomebody();
  if (state.rooms[state.here]?.span) held ??= setTimeout(release, LONGEST_HOLD);
  dispatch({ kind: 'welcome', welcome, ahead: welcome.at - Date.now() });
  sender.welcomed();
  wishes.askAgain();
  tray.tryAgain();
  keeping.read();
  await session.welcomed();
  release();
  brought.handIn();
}

/** The page came from memory, and the browser has lost what it is known by. The server gives it with the page. */
async function becomeSomebody() {
  hasAsked = true;
  await fetch('/', { cache: 'no-store' }).catch(() => {});
  connection.again();
}

/** Everything that was missed is there: now it is drawn. */
function release() {
  clearTimeout(held);
  held = undefined;
  schedule();
}

/**
 * @param {string} text
 * @returns {boolean} whether it is taken care of
 */
function post(text) {
  const room = state.here;
  const about = state.abouts[room] ?? { kind: 'none' };
  const mentions = mentionsIn(text, state.people);
  const obeyed = about.kind === 'edit' ? null : obey(text, doing);
  if (obeyed !== null) return obeyed;
  if (tray.isWaiting(() => form.requestSubmit())) return false;
  const whole = [text, ...tray.links()].filter(Boolean).join('\n');
  if (about.kind === 'edit') {
    if (!wishes.edit(room, about.message.sequence, whole, mentions)) return false;
  } else {
    if (!say(room, whole, { replyTo: about.kind === 'reply' ? about.message.sequence : 0, mentions })) return false;
  }
  tray.empty();
  if (about.kind !== 'none') dispatch({ kind: 'about', room, about: { kind: 'none' } });
  return true;
}

/**
 * @param {string} room
 * @param {string} text
 * @param {import('./sender.js').About} about
 */
function say(room, text, about) {
  // What may not be said now stays where it is, and why is told under it.
  if (restraintIn(state, state.rooms[room], Date.now())) return false;
  wishes.said();
  release();
  if (!sender.say(room, text, about)) return false;
  jumpToEnd();
  return true;
}

function editLast() {
  const last = state.rooms[state.here]?.span?.messages.findLast((one) => one.by === state.you.id && !one.thread);
  if (last) dispatch({ kind: 'about', room: state.here, about: { kind: 'edit', message: last } });
}

/** @param {Message} message deleted once nobody can change their mind any more */
function remove(message) {
  const room = state.here;
  dispatch({ kind: 'hide', sequence: message.sequence, hidden: true });
  const show = () => dispatch({ kind: 'hide', sequence: message.sequence, hidden: false });
  toast.tell(t('toast.deleted'), show, () => wishes.remove(room, message.sequence).then(show));
}

/**
 * @param {string} room
 * @param {number} message
 */
function go(room, message = 0) {
  const found = state.rooms[room];
  if (!found) return;
  session.leave();
  recent.splice(0, recent.length, room, ...recent.filter((one) => one !== room).slice(0, 20));
  const path = pathOf(found, message);
  if (path !== location.pathname) history.pushState(null, '', path);
  toast.finish();
  dispatch({ kind: 'visit', room, target: message });
  session.arrive();
  composer.focus();
}

function jumpToEnd() {
  dispatch({ kind: 'end' });
  session.latest();
  timeline.jumpToEnd();
  composer.focus();
}

/** @returns {boolean} whether there was something to leave */
function escape() {
  if (document.querySelector('dialog[open], :popover-open')) return false;
  const about = state.abouts[state.here] ?? { kind: 'none' };
  if (about.kind !== 'none') does('cancel');
  else if (document.body.classList.contains('side-open')) sidebar.show(false);
  else if (state.pane) does('close-pane');
  else jumpToEnd();
  return true;
}

/** @param {string} action */
function does(action) {
  actions[action]?.({ element: document.body, message: null, room: state.here });
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
  renderBox(); // What is typed before the next frame belongs there, too.
  copy.changed();
  schedule();
}

/**
 * Draws once per frame, however much happened. A hidden tab has no frames, and one that is covered, or on a machine with
 * much to do, may wait long for the next, so a timer stands in.
 */
function schedule() {
  if (unschedule) return;
  const frame = document.hidden ? 0 : requestAnimationFrame(draw);
  const timer = setTimeout(draw, document.hidden ? 200 : 1000);
  unschedule = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}

function draw() {
  unschedule?.();
  unschedule = null;
  if (held) return;
  document.title = titleOf(state);
  status.render(state);
  badge(state);
  tray.show(state.here);
  addFile.hidden = state.largest === 0;
  const again = header.render(state, composer.left(state.most), Date.now());
  clearTimeout(ticking);
  if (again > 0) ticking = setTimeout(schedule, again);
  sidebar.render(state);
  pane.render(state);
  empty.render(state);
  renderBox();
  if (timeline.render(state)) schedule();
  session.notice();
}

/** What stands in the box belongs to the room, or to the message that is edited. */
function renderBox() {
  if (state.you.id === '') return;
  const about = state.abouts[state.here] ?? { kind: 'none' };
  if (about.kind === 'edit') composer.show(draftPlace(state.here, about.message.sequence), about.message.text);
  else composer.show(state.here);
}
