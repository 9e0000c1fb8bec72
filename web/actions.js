// What pressing things does: each button names it, and finds it here.

import { askToComeIn } from './brought.js';
import { COMMANDS } from './commands.js';
import { EMOJI } from './emoji.js';
import { learnModeration, t } from './language.js';
import { namesFor, peopleFor, ranked } from './people.js';
import { pathOf } from './router.js';
import { fold } from './settings.js';
import { moderates } from './state/restraint.js';
import { openMenu, openPicker } from './views/popover.js';
import { settingsCard } from './views/settings.js';
import { roomName } from './words.js';

/** @typedef {import('./state/state.js').Message} Message */
/** @typedef {import('./state/state.js').State} State */
/** @typedef {import('./views/completion.js').Suggestion} Suggestion */
/** @typedef {import('./views/dialogs.js').Choice} Choice */

/**
 * @typedef {object} Parts what actions work with
 * @property {() => State} state
 * @property {(event: import('./state/reduce.js').Event) => void} dispatch
 * @property {import('./session.js').Session} session
 * @property {import('./sender.js').Sender} sender
 * @property {readonly string[]} recent rooms that were shown, the last one first
 * @property {() => void} renew takes the new version of the page
 * @property {import('./wishes.js').Wishes} wishes
 * @property {import('./keeping.js').Keeping} keeping
 * @property {import('./wire/connection.js').Connection} connection
 * @property {import('./views/dialogs.js').Dialogs} dialogs
 * @property {import('./account/account.js').Account} account
 * @property {import('./views/composer.js').Composer} composer
 * @property {import('./views/sidebar.js').Sidebar} sidebar
 * @property {import('./notifier.js').Notifier} notifier
 * @property {(room: string, message?: number) => void} go
 * @property {(sentence: string, undo?: () => void) => void} tell
 * @property {(message: Message) => void} remove
 */

/** @typedef {[label: string, chosen: () => void, name?: string]} Item of a menu */
/** @typedef {{element: HTMLElement, message: Message | null, room: string}} Pressed */

/**
 * @param {Parts} parts
 * @returns {Record<string, (pressed: Pressed) => void>}
 */
export function actionsOf(parts) {
  return { ...onMessages(parts), ...onRooms(parts), ...onPanes(parts), ...onPeople(parts) };
}

/**
 * @param {Parts} parts
 * @returns {Record<string, (pressed: Pressed) => void>}
 */
function onMessages(parts) {
  const { state, dispatch, sender, wishes, composer, go, tell, remove } = parts;
  /** @param {(room: string, message: Message, element: HTMLElement) => void} act */
  const on = (act) => (/** @type {Pressed} */ { element, message, room }) => { if (message) act(room, message, element); };
  /** @param {'reply' | 'edit'} kind */
  const about = (kind) => on((room, message) => {
    dispatch({ kind: 'about', room, about: { kind, message } });
    composer.focus();
  });
  return {
    again: on((room, message) => sender.sayAgain(room, message)),
    'edit-unsent': on((room, message) => { sender.unsay(room, message); composer.putBack(message.text); }),
    drop: on((room, message) => sender.unsay(room, message)),
    reply: about('reply'),
    edit: about('edit'),
    cancel: () => { dispatch({ kind: 'about', room: state().here, about: { kind: 'none' } }); composer.focus(); },
    react: on((room, message, element) => wishes.react(room, message, element.dataset.reaction ?? '')),
    pick: on((room, message, element) => openPicker(element, (emoji) => wishes.react(room, message, emoji))),
    thread: on((room, message) => wishes.thread(room, message.thread || message.sequence)),
    see: ({ element, room }) => go(room, Number(element.dataset.message)),
    more: on((room, message, element) => openMenu(element, [
      [t(message.pinned ? 'message.unpin' : 'message.pin'), () => wishes.pin(room, message)],
      [t('message.quote'), () => composer.quote(message.text)],
      [t('message.copyLink'), () => copyLink(state(), room, message, tell)],
      [t('message.copyText'), () => navigator.clipboard.writeText(message.text)],
      [t('message.unread'), () => {
        dispatch({ kind: 'read', room, upTo: message.sequence - 1 });
        wishes.markUnread(room, message.sequence - 1);
      }],
      ...aboutAuthor(parts, room, message),
      ...(message.by === state().you.id ? [/** @type {Item} */ ([t('message.delete'), () => remove(message), 'delete'])] : []),
    ])),
  };
}

/**
 * What can be done with a message because of whose it is.
 * @param {Parts} parts
 * @param {string} room
 * @param {Message} message
 * @returns {Item[]}
 */
function aboutAuthor(parts, room, message) {
  const { state, remove } = parts;
  const name = state().people[message.by];
  /** @type {Item[]} */
  const items = name ? [[t('message.about', { name }), () => keeper(parts, (one) => one.person(message.by, room)), 'about-them']] : [];
  if (message.by === state().you.id) return items;
  if (state().role !== 'bot') items.push([t('message.report'), () => keeper(parts, (one) => one.report(room, message)), 'report']);
  if (moderates(state(), state().rooms[room])) items.push([t('message.remove'), () => remove(message), 'delete']);
  return items;
}

/**
 * What few people do is fetched when the first of them does it.
 * @param {Parts} parts
 * @param {(moderation: import('./moderation/moderation.js').Moderation) => void} act
 */
async function keeper(parts, act) {
  try {
    const [{ Moderation }] = await Promise.all([import('./moderation/moderation.js'), learnModeration()]);
    act(new Moderation(parts));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    parts.tell(t('toast.lost'));
  }
}

/**
 * @param {Parts} parts
 * @returns {Record<string, (pressed: Pressed) => void>}
 */
function onPeople(parts) {
  const { wishes, dialogs, connection } = parts;
  return {
    person: ({ element, message, room }) => {
      const who = element.dataset.person ?? message?.by;
      if (who) keeper(parts, (one) => one.person(who, room));
    },
    moderation: () => keeper(parts, (one) => one.open()),
    'let-through': ({ element }) => { wishes.order({ type: 'restore', withheld: Number(element.dataset.withheld) }); },
    'throw-away': ({ element }) => { wishes.order({ type: 'purge', withheld: Number(element.dataset.withheld) }); },
    'ask-in': () => dialogs.ask(t('status.ask'), [{ label: t('ask.why') }], t('ask.do'), async ([words = '']) => {
      askToComeIn(words);
      connection.again();
      return true;
    }),
  };
}

/**
 * @param {State} state
 * @param {string} room
 * @param {Message} message
 * @param {(sentence: string) => void} tell
 */
async function copyLink({ rooms }, room, { sequence }, tell) {
  const found = rooms[room];
  if (!found) return;
  await navigator.clipboard.writeText(location.origin + pathOf(found, sequence));
  tell(t('toast.copied'));
}

/**
 * @param {Parts} parts
 * @returns {Record<string, (pressed: Pressed) => void>}
 */
function onRooms({ state, session, wishes, dialogs, account, sidebar, go, notifier, tell, renew, recent }) {
  /** @param {{room?: string} | null} answer */
  const opened = async (answer) => {
    if (!answer?.room) return false;
    await session.refresh();
    go(answer.room);
    return true;
  };
  /** @param {string} name */
  const write = async (name) => {
    const person = await wishes.person(name);
    return person !== null && opened(await wishes.direct([person]));
  };
  return {
    go: ({ element }) => { sidebar.show(false); go(element.dataset.room ?? state().here); },
    'open-side': () => sidebar.show(true),
    'close-side': () => sidebar.show(false),
    fold: ({ element }) => fold(/** @type {import('./settings.js').Section} */ (element.dataset.section)),
    account: () => account.open(),
    rename: () => dialogs.ask(t('you.called'), [{ label: t('you.name'), value: state().you.name }], t('you.change'), async ([name = '']) => (
      name === state().you.name || Boolean(await wishes.rename(name)))),
    direct: () => dialogs.choose(t('side.write'), t('person.name'), (words) => namesFor(state(), words.toLowerCase()).slice(0, 8)
      .map((name) => ({ label: name, detail: '', chosen: () => write(name) }))),
    write: async ({ element }) => opened(await wishes.direct([element.dataset.person ?? ''])),
    browse: () => browse({ state, wishes, dialogs, go, opened }),
    join: async () => { if (await wishes.join(state().here)) await session.refresh(); },
    leave: async () => {
      if (await wishes.leave(state().here)) await session.refresh();
    },
    invite: () => dialogs.choose(t('person.invite'), t('person.name'), (words) => namesFor(state(), words.toLowerCase()).slice(0, 8)
      .map((name) => ({ label: name, detail: '', chosen: async () => {
        const person = await wishes.person(name);
        if (person && await wishes.invite(state().here, person)) wishes.people(state().here);
      } }))),
    topic: () => aboutRoom({ state, wishes, dialogs }),
    switcher: () => dialogs.choose(t('go.title'), t('go.placeholder'), (words) => places(state(), words.toLowerCase(), recent, go, write)),
    shortcuts: () => dialogs.shortcuts(),
    settings: () => {
      const room = state().rooms[state().here];
      dialogs.show(settingsCard(room ? { id: room.id, name: roomName(room, state().people) } : null));
    },
    notify: async () => tell(await notifier.toggle()),
    renew,
    'not-now': ({ element }) => element.closest('.offer')?.setAttribute('hidden', ''),
  };
}

/** @param {Pick<Parts, 'state' | 'wishes' | 'dialogs'>} parts */
function aboutRoom({ state, wishes, dialogs }) {
  const { id = '', topic = '', visibility = '', openToWeb = false } = state().rooms[state().here] ?? {};
  const [label, isOpen] = check('web', t('room.web'), openToWeb);
  dialogs.ask(t('room.about'), [{ label: t('room.topic'), value: topic, optional: true }], t('room.save'), async ([words = '']) => {
    if (isOpen.checked !== openToWeb && !await wishes.setWebAccess(id, isOpen.checked)) return false;
    return words === topic || Boolean(await wishes.setTopic(id, words));
  }, visibility === 'public' ? [label] : []);
}

/**
 * @param {string} name
 * @param {string} words
 * @param {boolean} checked
 * @returns {[HTMLLabelElement, HTMLInputElement]}
 */
function check(name, words, checked = false) {
  const input = Object.assign(document.createElement('input'), { type: 'checkbox', name, checked });
  const label = document.createElement('label');
  label.className = 'check';
  label.append(input, ` ${words}`);
  return [label, input];
}

/** @param {Pick<Parts, 'state' | 'wishes' | 'dialogs' | 'go'> & {opened: (answer: any) => Promise<boolean>}} parts */
function browse({ state, wishes, dialogs, go, opened }) {
  const listed = wishes.publicRooms();
  /** @param {string} name */
  const create = (name) => dialogs.ask(t('room.open'), [
    { label: t('room.name'), value: name }, { label: t('room.topic'), optional: true },
  ], t('room.openNow'), async ([called = '', topic = '']) => opened(await wishes.create(called, topic, isPrivate.checked ? 'private' : 'public')), [label]);
  const [label, isPrivate] = check('private', t('room.private'));
  dialogs.choose(t('side.label'), t('room.find'), async (words) => {
    const found = (await listed).filter((room) => room.name.toLowerCase().includes(words.toLowerCase()));
    const choices = found.slice(0, 50).map((room) => ({
      label: room.name,
      detail: [state().rooms[room.room]?.role ? t('room.yours') : '', room.members > 0 ? t('room.members', { count: room.members }) : '', room.topic].filter(Boolean).join(' · '),
      chosen: () => lookInto(room.name, room.room),
    }));
    return [...choices, { label: words ? t('room.openNamed', { name: words }) : t('room.openNew'), detail: '', chosen: () => create(words) }];
  });
  /**
   * @param {string} name
   * @param {string} id
   */
  const lookInto = (name, id) => {
    if (state().rooms[id]) return go(id);
    history.pushState(null, '', `/room/${encodeURIComponent(name)}`);
    dispatchEvent(new PopStateEvent('popstate'));
  };
}

/**
 * @param {readonly string[]} recent
 * @param {string} room
 */
function place(recent, room) {
  const found = recent.indexOf(room);
  return found < 0 ? recent.length : found;
}

/**
 * @param {State} state
 * @param {string} words
 * @param {readonly string[]} recent rooms, the last one first
 * @param {(room: string) => void} go
 * @param {(name: string) => void} write
 * @returns {Choice[]}
 */
function places(state, words, recent, go, write) {
  const rooms = Object.values(state.rooms).map((room) => ({ room, name: roomName(room, state.people) }))
    .filter(({ room }) => room.id !== state.here)
    .sort((one, other) => Number(other.room.unread > 0) - Number(one.room.unread > 0)
      || place(recent, one.room.id) - place(recent, other.room.id) || one.name.localeCompare(other.name));
  const people = words ? namesFor(state, words).slice(0, 5) : [];
  return [
    ...ranked(rooms, words, ({ name }) => name).slice(0, 8).map(({ room, name }) => ({ label: name, detail: room.unread ? t('room.unread', { count: room.unread }) : '', chosen: () => go(room.id) })),
    ...people.map((name) => ({ label: name, detail: t('person.write'), chosen: () => write(name) })),
  ];
}

/**
 * @param {Parts} parts
 * @returns {Record<string, (pressed: Pressed) => void>}
 */
function onPanes({ state, dispatch, wishes, composer, go }) {
  return {
    search: () => { wishes.search(''); },
    pins: () => { wishes.pins(state().here); },
    people: () => { wishes.people(state().here); },
    'close-pane': () => { dispatch({ kind: 'pane', pane: null }); composer.focus(); },
    'open-result': ({ element }) => go(element.dataset.room ?? '', Number(element.dataset.message)),
    'more-results': () => {
      const { pane } = state();
      if (pane?.kind === 'search') wishes.search(pane.query, pane.next);
    },
    filter: ({ element }) => {
      const box = document.querySelector('.search-box input');
      if (!(box instanceof HTMLInputElement)) return;
      box.value += `${box.value && !box.value.endsWith(' ') ? ' ' : ''}${element.dataset.filter}`;
      box.focus();
    },
  };
}

/**
 * @param {State} state
 * @param {string} sign
 * @param {string} words
 * @returns {Suggestion[]}
 */
export function suggestionsFor(state, sign, words) {
  if (sign === '@') {
    return peopleFor(state, words).map(({ name, isElsewhere }) => ({
      sign: '@', label: name, text: `@${name} `, ...(isElsewhere && { hint: t('box.elsewhere') }),
    }));
  }
  if (sign === '/') {
    return Object.entries(COMMANDS).filter(([name]) => name.startsWith(words)).map(([name, rest]) => ({
      sign, label: `${name} ${rest}`.trim(), text: `/${name}${rest ? ' ' : ''}`, hint: t(/** @type {import('./language.js').Key} */ (`command.${name}`)),
    }));
  }
  if (sign === '#') {
    const names = Object.values(state.rooms).filter((room) => room.visibility !== 'direct').map((room) => room.name);
    return ranked(names, words, (name) => name).map((name) => ({ sign, label: name, text: `#${name} ` }));
  }
  return ranked(EMOJI, words, ([, name]) => name).map(([emoji, name]) => ({ sign: emoji, label: name, text: `${emoji} ` }));
}
