// What keeps somebody from saying something now, and from what on they may; and who may keep others from it.

/** @typedef {import('./state.js').Room} Room */
/** @typedef {import('./state.js').State} State */

/**
 * @typedef {{kind: 'muted', until: number, why: string} | {kind: 'slow', until: number, every: number}
 *   | {kind: 'claim', until: number}} Restraint until: by the clock of this page; 0 for no end
 */

/** @param {State} state whether one keeps the peace on this server */
export function isKeeper({ role }) {
  return role === 'moderator' || role === 'owner';
}

/**
 * @param {State} state
 * @param {Room | undefined} room
 * @returns {boolean} whether one acts as a moderator in it
 */
export function moderates(state, room) {
  if (!room) return false;
  return room.role === 'moderator' || room.role === 'owner' || (room.visibility === 'public' && isKeeper(state));
}

/**
 * @param {State} state
 * @param {Room | undefined} room
 * @param {number} now
 * @returns {Restraint | null}
 */
export function restraintIn(state, room, now) {
  if (!room) return null;
  const { muted, slowMode, saidAt } = room;
  const end = (muted?.until ?? 0) - state.ahead;
  if (muted && (!muted.until || now < end)) return { kind: 'muted', until: muted.until ? end : 0, why: muted.reason };
  if (state.role === 'guest' && state.door === 'claimed') return { kind: 'claim', until: 0 };
  const next = saidAt + slowMode * 1000 - state.ahead;
  if (slowMode && saidAt && now < next && !moderates(state, room)) return { kind: 'slow', until: next, every: slowMode };
  return null;
}
