// What stands beside the talk: a thread, what is pinned, who is here, what a search found.

import { parts, t } from '../language.js';
import { heldMessage, rowsOfMessages } from '../state/rows.js';
import { roomName, shortTime } from '../words.js';
import { button, element, nameOf } from './elements.js';
import { iconButton } from './icons.js';
import { elementOf } from './rows.js';
import { Toolbar } from './toolbar.js';

/** @typedef {import('../state/pane.js').Found} Found */
/** @typedef {import('../state/pane.js').Pane} PaneState */
/** @typedef {import('../state/pane.js').PeopleHere} PeopleHere */
/** @typedef {import('../state/pane.js').Search} Search */
/** @typedef {import('../state/state.js').Message} Message */
/** @typedef {import('../state/state.js').State} State */

const FILTERS = ['from:', 'in:', 'has:link', 'before:', 'after:'];

export class Pane {
  #aside;
  /** The box of a search or a thread stays while all around it changes. */
  #body = element('div', 'body');
  /** @type {HTMLElement | null} */
  #foot = null;
  #kind = '';
  #drawn = { pane: /** @type {PaneState | null} */ (null), people: /** @type {unknown} */ (null), pending: /** @type {unknown} */ (null), held: /** @type {unknown} */ (null) };
  #makeFoot;

  /**
   * @param {HTMLElement} aside
   * @param {(kind: string) => HTMLElement | null} makeFoot the box that belongs to a kind of pane
   */
  constructor(aside, makeFoot) {
    this.#aside = aside;
    this.#makeFoot = makeFoot;
  }

  /** @param {State} state */
  render(state) {
    const { pane, people, held } = state;
    const pending = pane?.kind === 'thread' ? state.rooms[pane.room]?.pending : null;
    const before = this.#drawn;
    if (pane === before.pane && people === before.people && pending === before.pending && held === before.held) return;
    this.#drawn = { pane, people, pending, held };
    const kind = !pane ? '' : pane.kind === 'thread' ? `thread ${pane.room} ${pane.root}` : pane.kind;
    if (kind !== this.#kind) this.#frame(kind, pane);
    if (pane) this.#fill(pane, state);
  }

  /**
   * @param {string} kind
   * @param {PaneState | null} pane
   */
  #frame(kind, pane) {
    this.#kind = kind;
    this.#aside.hidden = !pane;
    document.body.classList.toggle('pane-open', Boolean(pane));
    if (!pane) return;
    this.#aside.ariaLabel = t(`pane.${pane.kind}`);
    this.#aside.dataset.kind = pane.kind;
    this.#body = element('div', 'body');
    this.#foot = this.#makeFoot(pane.kind);
    const head = element('div', 'head', element('h2', '', t(`pane.${pane.kind}`)), iconButton('close', t('pane.close'), 'close-pane'));
    const parts = pane.kind === 'search' ? [head, this.#foot, this.#body] : [head, this.#body, this.#foot];
    this.#aside.replaceChildren(...parts.filter((part) => part !== null));
    const box = this.#foot?.querySelector('textarea, input');
    (box instanceof HTMLElement ? box : this.#aside).focus();
  }

  /**
   * @param {PaneState} pane
   * @param {State} state
   */
  #fill(pane, state) {
    switch (pane.kind) {
      case 'thread': {
        const pending = state.rooms[pane.room]?.pending.filter((one) => one.thread === pane.root && one.sequence === 0);
        const known = new Set(pane.messages?.map((message) => message.sequence));
        const settled = state.rooms[pane.room]?.span?.messages.filter((one) => one.thread === pane.root && !known.has(one.sequence));
        const held = state.held.filter((one) => one.room === pane.room && one.thread === pane.root).map(heldMessage);
        return this.#list(state, pane.messages && [...pane.messages, ...(settled ?? []), ...held, ...(pending ?? [])], t('pane.unanswered'));
      }
      case 'pins': return this.#list(state, pane.messages, t('pane.unpinned'));
      case 'people': return this.#body.replaceChildren(...people(pane, state));
      case 'search': return this.#body.replaceChildren(...found(pane, state));
    }
  }

  /**
   * @param {State} state
   * @param {readonly Message[] | null} messages
   * @param {string} nothing
   */
  #list(state, messages, nothing) {
    if (!messages) return this.#body.replaceChildren(element('p', 'nothing', t('pane.moment')));
    if (messages.length === 0) return this.#body.replaceChildren(element('p', 'nothing', nothing));
    const wasAtEnd = this.#body.scrollHeight - this.#body.scrollTop - this.#body.clientHeight < 40;
    const list = element('ol', 'rows', ...rowsOfMessages(state, messages).map(elementOf));
    list.setAttribute('role', 'list');
    new Toolbar(list);
    this.#body.replaceChildren(list);
    if (wasAtEnd) this.#body.scrollTop = this.#body.scrollHeight;
  }
}

/**
 * @param {PeopleHere} pane
 * @param {State} state
 */
function people(pane, { people, you }) {
  const here = new Map(pane.here.map(({ id, name }) => [id, people[id] ?? name]));
  const away = pane.members.filter((id) => !here.has(id)).map((id) => [id, people[id] ?? '']);
  /** @param {string[]} person */
  const line = ([id = '', name = '']) => {
    const made = button('person', '', id === you.id ? 'rename' : 'write');
    made.dataset.person = id;
    made.title = id === you.id ? t('box.rename') : t('pane.writeTo', { name });
    made.append(nameOf(name), ...(id === you.id ? [element('span', 'mark', t('pane.you'))] : []));
    const about = iconButton('more', t('message.about', { name }), 'person');
    about.dataset.person = id;
    return element('li', here.has(id) ? 'is-here' : '', made, about);
  };
  const list = (/** @type {string[][]} */ them) => element('ul', 'people', ...them.sort((a, b) => (a[1] ?? '').localeCompare(b[1] ?? '')).map(line));
  const invite = button('strong', t('pane.invite'), 'invite');
  return [
    element('h3', '', t('pane.here', { count: here.size })), list([...here]),
    ...(away.length > 0 ? [element('h3', '', t('pane.away')), list(away)] : []), invite,
  ];
}

/**
 * @param {Search} pane
 * @param {State} state
 */
function found({ query, asked, results, next, trouble }, state) {
  if (trouble) return [element('p', 'nothing', trouble)];
  if (query.trim() === '') {
    const filters = FILTERS.map((filter) => { const made = button('chip', filter, 'filter'); made.dataset.filter = filter; return made; });
    return [element('p', 'nothing', t('search.help')), element('p', 'chips', ...filters)];
  }
  if (results.length === 0) return [element('p', 'nothing', asked === query ? t('search.nothing') : t('search.asking'))];
  const list = element('ol', 'results', ...results.map((one) => element('li', '', result(one, state))));
  return next ? [list, button('strong', t('search.more'), 'more-results')] : [list];
}

/**
 * @param {Found} one
 * @param {State} state
 */
function result({ room, sequence, by, at, snippet, highlights, cut }, { rooms, people }) {
  const made = button('result', '', 'open-result');
  made.dataset.room = room;
  made.dataset.message = String(sequence);
  made.dataset.testid = 'result';
  const where = rooms[room];
  const marked = [];
  let end = 0;
  for (const [from, to] of highlights) {
    marked.push(snippet.slice(end, from), element('mark', '', snippet.slice(from, to)));
    end = to;
  }
  marked.push(snippet.slice(end));
  made.append(
    element('span', 'where', ...parts('search.where', {
      name: nameOf(people[by] ?? ''), room: where ? roomName(where, people) : t('room.another'), time: shortTime(at),
    })),
    element('span', 'snippet', cut[0] ? '…' : '', ...marked, cut[1] ? '…' : ''),
  );
  return made;
}
