// A small sheet beside what was pressed: a menu, or the emoji to choose from.

import { EMOJI } from '../emoji.js';
import { t } from '../language.js';
import { button, element } from './elements.js';

const GAP = 6;
const EDGE = 8;

/**
 * @param {Element} anchor
 * @param {HTMLElement} sheet
 */
function openAt(anchor, sheet) {
  sheet.popover = 'auto';
  sheet.classList.add('sheet');
  sheet.addEventListener('toggle', (event) => {
    if (/** @type {ToggleEvent} */ (event).newState === 'closed') sheet.remove();
  });
  document.body.append(sheet);
  sheet.showPopover();
  const from = anchor.getBoundingClientRect();
  const { width, height } = sheet.getBoundingClientRect();
  const below = from.bottom + GAP + height < innerHeight;
  sheet.style.left = `${Math.max(EDGE, Math.min(from.right - width, innerWidth - width - EDGE))}px`;
  sheet.style.top = `${Math.max(EDGE, below ? from.bottom + GAP : from.top - GAP - height)}px`;
}

/**
 * @param {Element} anchor
 * @param {[label: string, chosen: () => void, name?: string][]} items
 */
export function openMenu(anchor, items) {
  const sheet = element('div', 'menu');
  sheet.dataset.testid = 'menu-sheet';
  for (const [label, chosen, name] of items) {
    const item = button('', label, '');
    if (name) item.dataset.testid = name;
    item.addEventListener('click', () => { sheet.hidePopover(); chosen(); });
    sheet.append(item);
  }
  moveWithArrows(sheet);
  openAt(anchor, sheet);
  sheet.querySelector('button')?.focus();
}

/**
 * @param {Element} anchor
 * @param {(emoji: string) => void} chosen
 */
export function openPicker(anchor, chosen) {
  const sheet = element('div', 'picker');
  sheet.dataset.testid = 'picker';
  const box = document.createElement('input');
  box.type = 'search';
  box.placeholder = t('emoji.find');
  box.ariaLabel = box.placeholder;
  const grid = element('div', 'grid');
  const draw = () => {
    const words = box.value.toLowerCase().trim();
    grid.replaceChildren(...EMOJI.filter(([, name]) => name.includes(words)).map(([emoji, name]) => {
      const made = button('', emoji, '');
      made.title = name;
      made.ariaLabel = name;
      made.addEventListener('click', () => { sheet.hidePopover(); chosen(emoji); });
      return made;
    }));
  };
  box.addEventListener('input', draw);
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') grid.querySelector('button')?.click();
  });
  draw();
  sheet.append(box, grid);
  moveWithArrows(sheet);
  openAt(anchor, sheet);
  box.focus();
}

/** @param {HTMLElement} sheet */
function moveWithArrows(sheet) {
  sheet.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const stops = [...sheet.querySelectorAll('input, button')].filter((stop) => stop instanceof HTMLElement);
    const at = stops.findIndex((stop) => stop === document.activeElement);
    // In a box, the arrows to the sides are the box's own.
    if (document.activeElement instanceof HTMLInputElement && event.key !== 'ArrowDown') return;
    event.preventDefault();
    stops[(at + step + stops.length) % stops.length]?.focus();
  });
}
