// Says everything in the reader's language. English is here; another one is fetched by who reads it.

import { messages as english } from './languages/en.js';
import { settings } from './settings.js';

/** @typedef {keyof typeof english | keyof typeof import('./languages/moderation/en.js').messages} Key */
/** @typedef {string | Readonly<Record<string, string>>} Message one sentence, or one for each form of the plural */
/** @typedef {Readonly<Record<string, string | number | Node | undefined>>} Values */

/** The languages under their own names. */
export const LANGUAGES = /** @type {const} */ ({
  en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español', ja: '日本語', ar: 'العربية',
});

/** @type {Readonly<Record<string, Message>>} */
let messages = english;
/** @type {Promise<void> | undefined} */
let moderation;
let locale = 'en';
let plurals = new Intl.PluralRules(locale);
let numbers = new Intl.NumberFormat(locale);

/** Learns the reader's language, before the page says anything. */
export async function learnLanguage() {
  const { language } = settings();
  const known = (/** @type {string} */ one) => (one.split('-')[0] ?? '') in LANGUAGES;
  locale = language || navigator.languages.find(known) || 'en';
  const wanted = locale.split('-')[0] ?? 'en';
  if (wanted !== 'en') {
    try {
      ({ messages } = await import(`./languages/${wanted}.js`));
    } catch {
      locale = 'en'; // Better in English than not at all.
    }
  }
  plurals = new Intl.PluralRules(locale);
  numbers = new Intl.NumberFormat(locale);
  document.documentElement.lang = locale;
  document.documentElement.dir = locale.startsWith('ar') ? 'rtl' : 'ltr';
  if (wanted !== 'en') sayAnew(document);
}

/** Learns what is said to whoever keeps the peace, which most people never read. */
export function learnModeration() {
  moderation ??= (async () => {
    const language = locale.split('-')[0] ?? 'en';
    const { messages: more } = await import(`./languages/moderation/${language}.js`);
    messages = { ...messages, ...more };
  })().catch((error) => {
    moderation = undefined;
    throw error;
  });
  return moderation;
}

/** For dates and the like: what the page is written in, in the flavour of the reader's country. */
export function localeOf() {
  return locale;
}

/**
 * @param {Key} key
 * @param {Values} values for what stands in braces; `count` chooses the form
 * @returns {string}
 */
export function t(key, values = {}) {
  return parts(key, values).map((part) => (part instanceof Node ? part.textContent : part)).join('');
}

/**
 * A sentence with elements in it.
 * @param {Key} key
 * @param {Values} values
 * @returns {(Node | string)[]}
 */
export function parts(key, values = {}) {
  const message = messages[key] ?? english[/** @type {keyof typeof english} */ (key)];
  const form = typeof message === 'string' ? message : message[plurals.select(Number(values.count))] ?? message.other ?? '';
  return form.split(/(\{\w+\})/).filter(Boolean).map((part) => {
    const value = part.startsWith('{') ? values[part.slice(1, -1)] : part;
    if (typeof value === 'number') return numbers.format(value);
    return value ?? '';
  });
}

/**
 * Why something was refused, by the code that the server gives.
 * @param {{code: string, message: string}} refusal
 */
export function refusalOf({ code, message }) {
  const key = /** @type {Key} */ (`refused.${code}`);
  return key in messages ? t(key) : message;
}

/**
 * What stands in the document itself: `data-say` for its words, `data-say-label` and so on for attributes.
 * @param {ParentNode} root
 */
function sayAnew(root) {
  const attributes = { say: '', sayLabel: 'aria-label', sayTitle: 'title', sayPlaceholder: 'placeholder' };
  for (const [name, attribute] of Object.entries(attributes)) {
    const selector = `[data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}]`;
    for (const place of root.querySelectorAll(selector)) {
      if (!(place instanceof HTMLElement)) continue;
      const words = t(/** @type {Key} */ (place.dataset[name]));
      if (attribute) place.setAttribute(attribute, words);
      else place.textContent = words;
    }
  }
}
