// Addresses: every room and every message has one that can be kept, shared and opened again.

import { LOBBY } from './state/state.js';

/** @typedef {import('./state/state.js').Room} Room */
/** @typedef {{kind: 'name' | 'id', room: string, message: number}} Place message is 0 for the whole room */

/**
 * @param {string} path
 * @returns {Place}
 */
export function placeOf(path) {
  const [, kind, room, message] = path.split('/');
  const sequence = /^\d{1,15}$/.test(message ?? '') ? Number(message) : 0;
  if (kind === 'room' && room) return { kind: 'name', room: decoded(room), message: sequence };
  if ((kind === 'private' || kind === 'direct') && room) return { kind: 'id', room, message: sequence };
  return { kind: 'id', room: LOBBY, message: 0 };
}

/**
 * @param {Room} room
 * @param {number} message 0 for the whole room
 */
export function pathOf(room, message = 0) {
  // Only the names of public rooms are each of one room.
  const isPublic = room.visibility === 'public';
  const place = isPublic ? `/room/${encodeURIComponent(room.name)}` : `/${room.visibility}/${room.id}`;
  if (message > 0) return `${place}/${message}`;
  return room.id === LOBBY ? '/' : place;
}

/**
 * @param {Readonly<Record<string, Room>>} rooms
 * @param {Place} place
 * @returns {Room | undefined}
 */
export function roomAt(rooms, place) {
  if (place.kind === 'id') return rooms[place.room];
  const wanted = place.room.toLowerCase();
  return Object.values(rooms).find((room) => room.visibility === 'public' && room.name.toLowerCase() === wanted);
}

/**
 * @param {string} text
 * @returns {string} as it is where it stands for nothing
 */
export function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
