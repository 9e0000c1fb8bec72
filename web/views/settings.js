// The card where people set things for themselves. Everything holds at once, there is nothing to save.

import { LANGUAGES, t } from '../language.js';
import { ofRoom, set, setRoom, settings } from '../settings.js';
import { element } from './elements.js';

/** @typedef {import('../settings.js').Values} Values */

/**
 * @param {{id: string, name: string} | null} room the one that is shown
 * @returns {HTMLElement}
 */
export function settingsCard(room) {
  const now = settings();
  const own = { '': t('settings.browser'), ...LANGUAGES };
  const language = choice(t('settings.language'), 'language', own, now.language, (value) => {
    set('language', value);
    // The page is built in one language. What was typed is kept.
    location.reload();
  });
  const levels = { all: t('level.all'), mentions: t('level.mentions'), nothing: t('level.nothing') };
  return element(
    'div', 'settings', element('h2', '', t('settings.title')),
    section(
      t('settings.looks'),
      choice(t('settings.theme'), 'theme', { system: t('theme.system'), light: t('theme.light'), dark: t('theme.dark') }, now.theme, (value) => set('theme', /** @type {Values['theme']} */ (value))),
      check(t('settings.contrast'), 'contrast', now.contrast, (on) => set('contrast', on)),
      choice(t('settings.density'), 'density', { cosy: t('density.cosy'), compact: t('density.compact') }, now.density, (value) => set('density', /** @type {Values['density']} */ (value))),
      check(t('settings.directFirst'), 'direct-first', now.directFirst, (on) => set('directFirst', on)),
      language,
    ),
    section(t('settings.writing'), check(t('settings.enter'), 'enter', now.enterSends, (on) => set('enterSends', on))),
    section(
      t('settings.notifications'),
      choice(t('settings.level'), 'level', levels, now.level, (value) => set('level', /** @type {Values['level']} */ (value))),
      check(t('settings.sound'), 'sound', now.sound, (on) => set('sound', on)),
      check(t('settings.quiet'), 'quiet', now.quiet, (on) => set('quiet', on)),
      check(t('settings.hours'), 'hours', now.quietHours, (on) => set('quietHours', on)),
      element('div', 'pair', time(t('settings.from'), 'from', now.quietFrom, (at) => set('quietFrom', at)), time(t('settings.until'), 'until', now.quietUntil, (at) => set('quietUntil', at))),
    ),
    ...(room ? [ofThisRoom(room, levels)] : []),
  );
}

/**
 * @param {{id: string, name: string}} room
 * @param {Record<string, string>} levels
 */
function ofThisRoom({ id, name }, levels) {
  const { level = '', muted = false } = ofRoom(id);
  const usual = { '': t('level.usual'), ...levels };
  return section(
    t('settings.room', { room: name }),
    choice(t('settings.level'), 'room-level', usual, level, (value) => {
      const { level: _, ...rest } = ofRoom(id);
      set('rooms', { ...settings().rooms, [id]: value ? { ...rest, level: /** @type {Values['level']} */ (value) } : rest });
    }),
    check(t('settings.mute'), 'mute', muted, (on) => setRoom(id, { muted: on })),
  );
}

/**
 * @param {string} title
 * @param {HTMLElement[]} lines
 */
function section(title, ...lines) {
  return element('fieldset', '', element('legend', '', title), ...lines);
}

/**
 * @param {string} label
 * @param {string} testid
 * @param {Record<string, string>} choices
 * @param {string} chosen
 * @param {(value: string) => void} done
 */
function choice(label, testid, choices, chosen, done) {
  const box = document.createElement('select');
  box.dataset.testid = `set-${testid}`;
  box.append(...Object.entries(choices).map(([value, words]) => new Option(words, value, value === chosen, value === chosen)));
  box.addEventListener('change', () => done(box.value));
  return element('label', 'line', element('span', '', label), box);
}

/**
 * @param {string} label
 * @param {string} testid
 * @param {boolean} on
 * @param {(on: boolean) => void} done
 */
function check(label, testid, on, done) {
  const box = Object.assign(document.createElement('input'), { type: 'checkbox', checked: on });
  box.dataset.testid = `set-${testid}`;
  box.addEventListener('change', () => done(box.checked));
  return element('label', 'check', box, element('span', '', label));
}

/**
 * @param {string} label
 * @param {string} testid
 * @param {string} at
 * @param {(at: string) => void} done
 */
function time(label, testid, at, done) {
  const box = Object.assign(document.createElement('input'), { type: 'time', value: at });
  box.dataset.testid = `set-${testid}`;
  box.addEventListener('change', () => { if (box.value) done(box.value); });
  return element('label', '', element('span', '', label), box);
}
