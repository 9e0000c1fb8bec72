// The page's sign in the tab and on the desk: whether there is news, and how much of it is for you.

import { ofRoom } from './settings.js';

/** @typedef {import('./state/state.js').State} State */

const CALM = new URL('icon.svg', import.meta.url).pathname;
const NEWS = new URL('icon-news.svg', import.meta.url).pathname;

let shown = 0;

/** @param {State} state */
export function badge({ rooms, missed }) {
  const heard = Object.values(rooms).filter((room) => room.role !== '' && !ofRoom(room.id).muted);
  const calls = heard.reduce((sum, room) => sum + (room.visibility === 'direct' ? room.unread : room.mentions), 0);
  const icon = document.querySelector('link[rel="icon"]');
  const sign = calls + missed > 0 ? NEWS : CALM;
  if (icon && icon.getAttribute('href') !== sign) icon.setAttribute('href', sign);
  if (calls === shown) return;
  shown = calls;
  // Only an installed page has a badge.
  const told = calls > 0 ? navigator.setAppBadge?.(calls) : navigator.clearAppBadge?.();
  told?.catch(() => {});
}
