// Draws what people write: a little Markdown, as elements and text nodes, so that nothing they write can be markup.

import { FILE, fileOf } from './files/links.js';
import { coloured } from './highlight.js';
import { element } from './views/elements.js';

/** @typedef {{names: readonly string[], you: string}} Mentioned who is mentioned, and who reads */

const FENCE = /^```([\w+#-]*)[ \t]*\n([\s\S]*?)(?:\n```[ \t]*(?=\n|$)|$(?![\s\S]))/m;
const LINK = /^https?:\/\/[^\s<>"'`]*[^\s<>"'`.,;:!?)\]}*_]/;
const NAMED_LINK = /^\[([^\]\n]{1,300})\]\((https?:\/\/[^\s()<>]+)\)/;
/** What begins something, longest first: the sign, and the element that it makes. */
const SPANS = /** @type {const} */ ([['**', 'strong'], ['~~', 'del'], ['*', 'em'], ['_', 'em']]);
/** Deeper than that, signs are only signs. */
const DEEPEST = 6;

/**
 * @param {string} text
 * @param {Mentioned} mentioned
 * @returns {(Node | string)[]}
 */
export function drawn(text, mentioned) {
  /** @type {(Node | string)[]} */
  const parts = [];
  let rest = text;
  for (let found = FENCE.exec(rest); found; found = FENCE.exec(rest)) {
    parts.push(...quotesAndText(rest.slice(0, found.index).replace(/\n$/, ''), mentioned), fence(found[1] ?? '', found[2] ?? ''));
    rest = rest.slice(found.index + found[0].length).replace(/^\n/, '');
  }
  parts.push(...quotesAndText(rest, mentioned));
  return parts;
}

/**
 * @param {string} language
 * @param {string} code
 */
function fence(language, code) {
  const made = element('pre', '', element('code', '', ...coloured(code, language)));
  if (language) made.dataset.language = language;
  made.tabIndex = 0;
  return made;
}

/**
 * @param {string} text
 * @param {Mentioned} mentioned
 * @returns {(Node | string)[]}
 */
function quotesAndText(text, mentioned) {
  if (text === '') return [];
  if (!/^>/m.test(text)) return inline(text, mentioned, 0);
  /** @type {(Node | string)[]} */
  const parts = [];
  for (const run of text.match(/(?:^>.*(?:\n|$))+|(?:^(?!>).*(?:\n|$))+/gm) ?? []) {
    const said = run.replace(/\n$/, '');
    if (run.startsWith('>')) parts.push(element('blockquote', '', ...inline(said.replace(/^> ?/gm, ''), mentioned, 0)));
    else if (said !== '') parts.push(...inline(said, mentioned, 0));
  }
  return parts;
}

/**
 * @param {string} text
 * @param {Mentioned} mentioned
 * @param {number} depth
 * @returns {(Node | string)[]}
 */
function inline(text, mentioned, depth) {
  /** @type {(Node | string)[]} */
  const parts = [];
  let plain = '';
  for (let index = 0; index < text.length;) {
    const before = text[index - 1] ?? ' ';
    const found = special(text.slice(index), before, mentioned, depth);
    if (!found) {
      plain += text[index];
      index += 1;
      continue;
    }
    if (plain) parts.push(plain);
    plain = '';
    parts.push(found.made);
    index += found.length;
  }
  if (plain) parts.push(plain);
  return parts;
}

/**
 * @param {string} rest
 * @param {string} before the character before it
 * @param {Mentioned} mentioned
 * @param {number} depth
 * @returns {{made: Node, length: number} | null}
 */
function special(rest, before, mentioned, depth) {
  switch (rest[0]) {
    case '`': return code(rest);
    case '@': return mention(rest, before, mentioned);
    case '[': {
      const file = FILE.exec(rest);
      if (file) return { made: fileOf(file), length: file[0].length };
      const found = NAMED_LINK.exec(rest);
      return found && { made: link(found[2] ?? '', found[1] ?? ''), length: found[0].length };
    }
    case 'h': {
      const found = /\w/.test(before) ? null : LINK.exec(rest);
      return found && { made: link(found[0], found[0]), length: found[0].length };
    }
    case '*': case '_': case '~': return depth < DEEPEST ? span(rest, before, mentioned, depth) : null;
    default: return null;
  }
}

/** @param {string} rest */
function code(rest) {
  const found = /^`([^`\n]+)`/.exec(rest);
  return found && { made: element('code', '', found[1] ?? ''), length: found[0].length };
}

/**
 * @param {string} rest
 * @param {string} before
 * @param {Mentioned} mentioned
 */
function mention(rest, before, { names, you }) {
  if (/\w/.test(before)) return null;
  const name = names.find((one) => one && rest.slice(1).toLowerCase().startsWith(one.toLowerCase()));
  if (!name) return null;
  const length = 1 + name.length;
  const made = element('bdi', name === you ? 'mention you' : 'mention', rest.slice(0, length));
  return { made, length };
}

/**
 * @param {string} rest
 * @param {string} before
 * @param {Mentioned} mentioned
 * @param {number} depth
 */
function span(rest, before, mentioned, depth) {
  const [sign, tag] = SPANS.find(([one]) => rest.startsWith(one)) ?? [];
  if (!sign || !tag || /\w/.test(before)) return null;
  const end = rest.indexOf(sign, sign.length + 1);
  const inner = rest.slice(sign.length, end);
  // Signs that stand alone, or beside a space, are what they look like.
  if (end < 0 || /^\s|\s$|\n\n/.test(inner) || /\w/.test(rest[end + sign.length] ?? ' ')) return null;
  return { made: element(tag, '', ...inline(inner, mentioned, depth + 1)), length: end + sign.length };
}

/**
 * @param {string} address
 * @param {string} words
 */
function link(address, words) {
  const made = document.createElement('a');
  made.href = address;
  made.target = '_blank';
  made.rel = 'noopener noreferrer nofollow ugc';
  made.textContent = words;
  if (words !== address) made.title = address;
  return made;
}
