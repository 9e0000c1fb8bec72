// Colours code: comments, strings, numbers, and the words that mean something in a language. It knows the languages that
// people paste most, and no grammar: a mistake costs a colour, never a letter.

import { element } from './views/elements.js';

/** @typedef {{signs: RegExp, words: ReadonlySet<string>}} Language */

/** Letters; longer code is left as it is, so that no message keeps anybody waiting. */
const LONGEST = 20_000;
/** What is coloured by what it looks like. A word is coloured if the language knows it. */
const KINDS = /** @type {const} */ (['comment', 'string', 'number', 'tag']);

const BLOCKS = String.raw`\/\/[^\n]*|\/\*[^]*?(?:\*\/|$(?![^]))`;
const HASH = String.raw`#[^\n]*`;
const DASHES = String.raw`--[^\n]*`;
const QUOTED = String.raw`"(?:\\[^]|[^"\\\n])*"?|'(?:\\[^]|[^'\\\n])*'?|\x60(?:\\[^]|[^\x60\\])*\x60?`;
const TRIPLE = String.raw`"""[^]*?(?:"""|$(?![^]))|'''[^]*?(?:'''|$(?![^]))|${QUOTED}`;
/** What stands between single quotes is one letter, and else a lifetime. */
const LETTERS = String.raw`"(?:\\[^]|[^"\\])*"?|'(?:\\[^']+|[^'\\])'`;
const NUMBER = String.raw`\b\d[\w.]*`;
const WORD = String.raw`[\p{L}_$][\p{L}\w$]*`;
const MARKUP = String.raw`(?<comment><!--[^]*?(?:-->|$(?![^])))|(?<tag><\/?[\w:.-]+|\/?>)|(?<string>"[^"]*"?)`;
const CHANGES = String.raw`(?<tag>^(?:@@|diff |index |\+\+\+ |--- )[^\n]*)|(?<string>^\+[^\n]*)|(?<number>^-[^\n]*)`;

const C = 'break case char class const continue default do double else enum extends false final float for if import int interface long namespace new null package private protected public return static struct super switch this throw true try void while';
const JS = `${C} async await catch delete export finally from function in instanceof let of type typeof undefined var yield`;
const RUST = 'as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait true type unsafe use where while';
const GO = `${C} chan defer fallthrough func go goto map nil range select type var`;
const OTHERS = `${C} auto bool catch echo fn fun func function override switch template unsigned using val var virtual when`;
const PYTHON = 'and as assert async await break class continue def del elif else except False finally for from global if import in is lambda None nonlocal not or pass raise return True try while with yield';
const RUBY = 'and begin break class def do else elsif end ensure false for if in module next nil not or require rescue return self super then true unless until when while yield';
const SHELL = 'case do done elif else esac export fi for function if in local return then until while';
const LUA = 'and break do else elseif end false for function if in local nil not or repeat return then true until while';
const SQL = 'add all alter and as asc begin between by case commit create default delete desc distinct drop else end exists from group having in index inner insert into is join key left like limit not null on or order outer primary references right rollback select set table then union unique update values view when where';

/** @type {readonly (readonly [names: string, pattern: string, words: string])[]} */
const LANGUAGES = [
  ['js javascript jsx mjs ts typescript tsx', like(BLOCKS, QUOTED), JS],
  ['rust rs', like(BLOCKS, LETTERS), RUST],
  ['go golang', like(BLOCKS, QUOTED), GO],
  ['c h cpp c++ cs csharp java kotlin kt php swift', like(BLOCKS, QUOTED), OTHERS],
  ['py python', like(HASH, TRIPLE), PYTHON],
  ['rb ruby', like(HASH, QUOTED), RUBY],
  ['bash sh shell zsh', like(HASH, QUOTED), SHELL],
  ['lua', like(DASHES, QUOTED), LUA],
  ['sql', like(DASHES, QUOTED), `${SQL} ${SQL.toUpperCase()}`],
  ['conf dockerfile ini toml yaml yml', like(HASH, QUOTED), 'true false null'],
  ['css json', like(BLOCKS, QUOTED), 'true false null'],
  ['html svg xml', MARKUP, ''],
  ['diff patch', CHANGES, ''],
];

/** @type {Map<string, Language>} those that were met */
const known = new Map();

/**
 * @param {string} code
 * @param {string} name the language, as it stands behind the fence
 * @returns {(Node | string)[]} the same letters
 */
export function coloured(code, name) {
  const language = languageCalled(name.toLowerCase());
  if (!language || code.length > LONGEST) return [code];
  /** @type {(Node | string)[]} */
  const parts = [];
  let drawn = 0;
  for (const { 0: text, index, groups } of code.matchAll(language.signs)) {
    const kind = KINDS.find((one) => groups?.[one] !== undefined) ?? (language.words.has(text) ? 'word' : undefined);
    if (!kind) continue;
    if (index > drawn) parts.push(code.slice(drawn, index));
    parts.push(element('span', kind, text));
    drawn = index + text.length;
  }
  if (drawn < code.length) parts.push(code.slice(drawn));
  return parts;
}

/**
 * @param {string} name
 * @returns {Language | undefined}
 */
function languageCalled(name) {
  const found = known.get(name) ?? made(name);
  if (found) known.set(name, found);
  return found;
}

/** @param {string} name */
function made(name) {
  const [, pattern, words] = LANGUAGES.find(([names]) => names.split(' ').includes(name)) ?? [];
  if (!pattern) return undefined;
  return { signs: new RegExp(pattern, 'gmu'), words: new Set(words?.split(' ')) };
}

/**
 * @param {string} comment
 * @param {string} string
 */
function like(comment, string) {
  return `(?<comment>${comment})|(?<string>${string})|(?<number>${NUMBER})|(?<word>${WORD})`;
}
