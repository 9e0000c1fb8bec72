// Files in a text: each is named by a link to its place here.

import { decoded } from '../router.js';

/** The words, the address, and how large a picture is. */
export const FILE = /^\[([^\]\n]{0,300})\]\((\/files\/[0-9a-hjkmnp-tv-z]{26}\/[^\s()<>?]{1,400})(?:\?w=([1-9]\d{0,4})&h=([1-9]\d{0,4}))?\)/;
const FILES = new RegExp(FILE.source.slice(1), 'g');
/** How large a picture is shown at most, in pixels; whoever presses it sees all of it. */
const WIDEST = 480;
const TALLEST = 352;
/** What browsers show by themselves. */
const PICTURE = /\.(?:avif|gif|jpe?g|png|webp)$/i;

/**
 * @param {string} words
 * @param {string} address
 * @param {{width: number, height: number} | null} size of a picture
 * @returns {string} what names the file in a text
 */
export function linkTo(words, address, size) {
  const said = words.replace(/[[\]\n]/g, ' ').trim().slice(0, 300);
  return `[${said}](${address}${size ? `?w=${size.width}&h=${size.height}` : ''})`;
}

/**
 * @param {string} text
 * @returns {string} the text with only the words of its files, for where nothing can be drawn
 */
export function withoutAddresses(text) {
  return text.replace(FILES, '$1');
}

/**
 * A picture keeps its room free before it is there; everything else is a link to have it.
 * @param {RegExpExecArray} found
 */
export function fileOf([, words = '', address = '', width, height]) {
  const name = decoded(address.split('/').at(-1) ?? '');
  const made = document.createElement('a');
  if (!width || !height || !PICTURE.test(name)) {
    made.className = 'file';
    made.href = address;
    made.download = '';
    made.textContent = words || name;
    return made;
  }
  const picture = document.createElement('img');
  picture.alt = words;
  const scale = Math.min(1, WIDEST / Number(width), TALLEST / Number(height));
  picture.width = Math.max(1, Math.round(Number(width) * scale));
  picture.height = Math.max(1, Math.round(Number(height) * scale));
  picture.loading = 'lazy';
  picture.src = address;
  made.className = 'picture';
  made.href = address;
  made.target = '_blank';
  made.rel = 'noopener';
  made.append(picture);
  return made;
}
