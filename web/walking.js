// Going about the page with keys: to the next room, to the next part.

/**
 * @param {string} here
 * @param {1 | -1} step
 * @param {boolean} unread
 * @returns {string | undefined} the room above or below in the list
 */
export function neighbour(here, step, unread) {
  const links = [...document.querySelectorAll('.side a')].filter((link) => link instanceof HTMLElement);
  const at = links.findIndex((link) => link.dataset.room === here);
  const order = links.map((_, index) => links[(at + step * (index + 1) + links.length * 2) % links.length]);
  const next = order.find((link) => !unread || link?.classList.contains('unread'));
  return next?.dataset.room;
}

/** @param {1 | -1} step to the next or the last part of the page */
export function region(step) {
  const regions = ['.side', '.timeline', '.compose textarea', '.pane:not([hidden])'];
  const found = regions.map((region) => document.querySelector(region)).filter((one) => one instanceof HTMLElement);
  const at = found.findIndex((one) => one.contains(document.activeElement));
  found[(at + step + found.length) % found.length]?.focus();
}
