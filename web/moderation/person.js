// One person's card: what they are, what holds for them, and what whoever may can do about that.

import { t } from '../language.js';
import { isKeeper } from '../state/restraint.js';
import { element, nameOf } from '../views/elements.js';
import { shortTime } from '../words.js';
import { card, choice, length, line, press, reasonOf, termWords } from './form.js';

/** @typedef {import('./moderation.js').Tools} Tools */
/** @typedef {import('../language.js').Key} Key */
/** @typedef {import('../state/state.js').Room} Room */
/** @typedef {import('../wire/protocol.js').ServerRole} ServerRole */
/** @typedef {import('../wire/protocol.js').Term} Term */

/**
 * @typedef {object} Person
 * @property {string} person
 * @property {string} name
 * @property {number} since
 * @property {ServerRole} server_role
 * @property {string} [role]
 * @property {Term} [muted]
 * @property {Term} [muted_here]
 * @property {Term} [banned]
 * @property {string} [came_by]
 * @property {string[]} [ranges]
 */

/** @type {ServerRole[]} */
const SERVER_ROLES = ['guest', 'bot', 'member', 'moderator', 'owner'];
const ROOM_ROLES = ['member', 'moderator', 'owner'];
/** The usual length of a mute and of a ban, in seconds. */
const [MUTE, BAN] = [3600, 86_400];

/** @param {ServerRole} role */
const rank = (role) => ({ guest: 0, bot: 0, member: 0, moderator: 1, owner: 2 })[role];

/**
 * What a role makes of somebody in a room.
 * @param {Room | undefined} room
 * @param {string} role in it
 * @param {ServerRole} serverRole
 */
function rankIn(room, role, serverRole) {
  const own = ROOM_ROLES.indexOf(role) + 1;
  const lent = room?.visibility === 'public' && rank(serverRole) > 0 ? rank(serverRole) + 1 : 0;
  return Math.max(own, lent);
}

/**
 * @param {Tools} tools
 * @param {string} who
 * @param {string} roomId
 * @param {() => void} [back] to where it was opened from
 */
export async function showPerson(tools, who, roomId, back) {
  const { state, wishes, show } = tools;
  const known = state().rooms[roomId];
  const room = known?.visibility === 'direct' ? undefined : known;
  /** @type {Person | null} */
  const person = await wishes.look({ type: 'about', person: who, ...(room && { room: room.id }) });
  if (!person) return;
  const title = element('h2', '', nameOf(person.name));
  show(element(
    'div', 'moderation about-person', title, ...told(person, room),
    element('div', 'choice', ...acts(tools, person, room, back), ...(back ? [press('mod.back', 'back', back)] : [])),
    ...roles(tools, person, room, back),
  ));
}

/**
 * @param {Person} person
 * @param {Room | undefined} room
 */
function told(person, room) {
  const facts = [t(`role.${person.server_role}`)];
  if (room && (person.role === 'moderator' || person.role === 'owner')) facts.push(t(`role.in.${person.role}`, { room: room.name }));
  facts.push(t('mod.since', { time: shortTime(person.since) }));
  const terms = [
    person.banned && termWords('mod.banned', 'mod.bannedUntil', person.banned),
    person.muted && termWords('mod.muted', 'mod.mutedUntil', person.muted),
    person.muted_here && termWords('mod.mutedHere', 'mod.mutedHereUntil', person.muted_here),
  ].filter((one) => one !== undefined);
  return [element('p', 'detail', facts.join(' · ')), ...terms.map((one) => { const made = element('p', 'term', one); made.dataset.testid = 'term'; return made; })];
}

/**
 * @param {Tools} tools
 * @param {Person} person
 * @param {Room | undefined} room
 * @param {() => void} [back]
 */
function acts(tools, person, room, back) {
  const { state, wishes, close } = tools;
  const { person: who } = person;
  const { role, you } = state();
  const again = () => showPerson(tools, who, room?.id ?? '', back);
  const isBelow = isKeeper(state()) && rank(person.server_role) < rank(role);
  const isAbove = room && rankIn(room, room.role, role) > 1
    && rankIn(room, room.role, role) > rankIn(room, person.role ?? '', person.server_role);
  /** @type {HTMLElement[]} */
  const made = [];
  /** @param {Key} label @param {string} does @param {() => void} act */
  const add = (label, does, act) => made.push(press(label, does, act));
  /** @param {object} request */
  const lift = async (request) => {
    if (await wishes.order({ .../** @type {any} */ (request), person: who })) again();
  };
  if (who !== you.id) {
    add('mod.write', 'write-to', close);
    // The page knows what it is to write to somebody.
    Object.assign(made[0]?.dataset ?? {}, { does: 'write', person: who });
  }
  if (isBelow || isAbove) add('mod.mute', 'mute', () => askMute(tools, person, { everywhere: isBelow, room: isAbove ? room : undefined }, again));
  if (person.muted_here && isAbove) add('mod.unmuteHere', 'unmute-here', () => lift({ type: 'unmute', room: room.id }));
  if (person.muted && isBelow) add('mod.unmute', 'unmute', () => lift({ type: 'unmute' }));
  if (isAbove && person.role && room.name !== 'lobby') {
    add('mod.remove', 'remove', async () => { if (await wishes.order({ type: 'remove', room: room.id, person: who })) again(); });
  }
  if (!isBelow) return made;
  add('mod.kick', 'kick', () => askKick(tools, person, again));
  if (person.banned) add('mod.unban', 'unban', () => lift({ type: 'unban' }));
  else add('mod.ban', 'ban', () => askBan(tools, person, again));
  add('mod.undo', 'undo-person', () => tools.undo({ name: person.name }));
  return made;
}

/**
 * @param {Tools} tools
 * @param {Person} person
 * @param {{everywhere: boolean, room: Room | undefined}} where
 * @param {() => void} back
 */
function askMute({ wishes, show, tell }, { person, name }, { everywhere, room }, back) {
  /** @type {[string, string][]} */
  const places = [];
  if (room) places.push([room.id, t('mod.inRoom', { room: room.name })]);
  if (everywhere) places.push(['', t('mod.everywhere')]);
  const [where, how, why] = [choice(t('mod.where'), 'where', places, places[0]?.[0] ?? ''), length(MUTE), line('mod.why', 'reason')];
  show(card(t('mod.muteWho', { name }), [where.row, how.row, why.row, element('p', 'detail', t('mod.muteNote'))], t('mod.muteDo'), async () => {
    const at = where.value() ? { room: where.value() } : {};
    const done = await wishes.order({ type: 'mute', person, ...at, ...how.seconds(), ...reasonOf(why) });
    if (done) tell(t('mod.muteDone', { name }));
    return done;
  }, back));
}

/**
 * @param {Tools} tools
 * @param {Person} person
 * @param {() => void} back
 */
function askKick({ wishes, show, tell }, { person, name }, back) {
  const why = line('mod.why', 'reason');
  show(card(t('mod.kickWho', { name }), [why.row, element('p', 'detail', t('mod.kickNote'))], t('mod.kickDo'), async () => {
    const done = await wishes.order({ type: 'kick', person, ...reasonOf(why) });
    if (done) tell(t('mod.kickDone', { name }));
    return done;
  }, back));
}

/**
 * @param {Tools} tools
 * @param {Person} person
 * @param {() => void} back
 */
function askBan({ wishes, show, tell }, { person, name, ranges = [] }, back) {
  const [how, why] = [length(BAN), line('mod.why', 'reason')];
  /** @type {[string, string][]} */
  const networks = [['', t('mod.noNetwork')], ...ranges.map((range, at) => /** @type {[string, string]} */ ([range, networkWords(at)]))];
  const network = choice(t('mod.network'), 'network', networks, '');
  const content = [how.row, why.row, ...(ranges.length > 0 ? [network.row] : []), element('p', 'detail', t('mod.banNote'))];
  show(card(t('mod.banWho', { name }), content, t('mod.banDo'), async () => {
    const term = { ...how.seconds(), ...reasonOf(why) };
    const done = await wishes.order({ type: 'ban', person, ...term });
    if (done && network.value()) await wishes.order({ type: 'ban_range', range: network.value(), ...term });
    if (done) tell(t('mod.banDone', { name }));
    return done;
  }, back));
}

/**
 * @param {number} at how many narrower ones there are
 */
export function networkWords(at) {
  return t(at === 0 ? 'mod.address' : at === 1 ? 'mod.nearby' : 'mod.wide', { count: at });
}

/**
 * @param {Tools} tools
 * @param {Person} person
 * @param {Room | undefined} room
 * @param {() => void} [back]
 */
function roles(tools, { person, name, server_role: serverRole, role }, room, back) {
  const { state, wishes, tell } = tools;
  const made = [];
  const again = () => showPerson(tools, person, room?.id ?? '', back);
  /** @param {import('../wire/requests.js').Request} request @param {string} words */
  const give = async (request, words) => {
    if (await wishes.order(request)) tell(t('mod.roleDone', { name, role: words }));
    again();
  };
  if (state().role === 'owner') {
    const choices = SERVER_ROLES.map((one) => /** @type {[string, string]} */ ([one, t(`role.${one}`)]));
    made.push(choice(t('mod.serverRole'), 'server-role', choices, serverRole, (value) => (
      give({ type: 'set_server_role', person, role: value }, t(`role.${/** @type {ServerRole} */ (value)}`)))).row);
  }
  if (room && role && rankIn(room, room.role, state().role) === 3) {
    const choices = ROOM_ROLES.map((one) => /** @type {[string, string]} */ ([one, t(/** @type {Key} */ (`role.${one}`))]));
    made.push(choice(t('mod.roomRole', { room: room.name }), 'room-role', choices, role, (value) => (
      give({ type: 'set_role', room: room.id, person, role: value }, t(/** @type {Key} */ (`role.${value}`))))).row);
  }
  return made;
}
