// The signs on buttons: lines on a field of 24 by 24, in the colour of the words around them.

const LINES = {
  smile: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8.5 14.5c1.8 2.4 5.2 2.4 7 0M9 9.6v.1M15 9.6v.1',
  reply: 'M10 6 4 12l6 6M4.5 12H14c3.6 0 6 2.4 6 6',
  thread: 'M4 5h16v11H11l-5 4v-4H4zM8 9.2h8M8 12.4h5',
  edit: 'M5 19l.8-3.8L16 5l3 3L8.8 18.2zM14 7l3 3',
  more: 'M5.5 11.500v1M6.500 11.500v1M11.500 11.500v1M12.500 11.500v1M17.500 11.500v1M18.500 11.500v1',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M15.5 15.5 20 20',
  pin: 'M9 4h6l-.7 6 3.2 3.5h-11L9.700 10zM12 13.500V20',
  close: 'M6 6l12 12M18 6 6 18',
  leave: 'M13 5H5v14h8M10 12h10M16.500 8.500 20 12l-3.500 3.500',
};

const SVG = 'http://www.w3.org/2000/svg';

/** @param {keyof typeof LINES} name */
export function icon(name) {
  const made = document.createElementNS(SVG, 'svg');
  made.setAttribute('viewBox', '0 0 24 24');
  made.setAttribute('aria-hidden', 'true');
  made.classList.add('sign');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', LINES[name]);
  made.append(path);
  return made;
}

/**
 * A button that is only a sign, and says its name to whoever cannot see it or points at it.
 * @param {keyof typeof LINES} name
 * @param {string} label
 * @param {string} does
 */
export function iconButton(name, label, does) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = 'icon';
  made.title = label;
  made.ariaLabel = label;
  made.dataset.does = does;
  made.dataset.testid = does;
  made.append(icon(name));
  return made;
}
