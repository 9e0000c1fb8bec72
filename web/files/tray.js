// The files that go with the next message of each room: on their way to the server, looked at, described, taken out again.

import { t } from '../language.js';
import { element, nameOf } from '../views/elements.js';
import { iconButton } from '../views/icons.js';
import { linkTo } from './links.js';
import { upload } from './upload.js';

/** Files of one message. */
const MOST = 10;
/** Files on their way at a time; the others wait for their turn. */
const AT_ONCE = 3;
/** Of a preview, in pixels. */
const EDGE = 56;

/**
 * @typedef {object} Item
 * @property {string} room
 * @property {File} file
 * @property {HTMLElement} row
 * @property {HTMLProgressElement} progress
 * @property {HTMLInputElement | null} words what a picture shows, in words
 * @property {{width: number, height: number} | null} size
 * @property {string} address once it is there
 * @property {'waits' | 'goes' | 'failed' | 'lost' | 'there'} state lost where no server answered
 * @property {Promise<void>} looked when it is known how large a picture is
 * @property {() => void} giveUp
 */

export class Tray {
  #list;
  #tell;
  /** @type {Item[]} */
  #items = [];
  #here = '';
  /** @type {(() => void) | null} what is done once nothing is on its way any more */
  #then = null;

  /**
   * @param {HTMLElement} list
   * @param {(sentence: string) => void} tell
   */
  constructor(list, tell) {
    this.#list = list;
    this.#tell = tell;
  }

  /** @param {string} room what is shown is for its next message */
  show(room) {
    if (room === this.#here) return;
    this.#here = room;
    this.#then = null;
    this.#draw();
  }

  /**
   * @param {readonly File[]} files
   * @param {number} largest in octets
   */
  add(files, largest) {
    if (largest === 0) return this.#tell(t('files.none'));
    for (const file of files) {
      if (this.#ofRoom().length >= MOST) return this.#tell(t('files.tooMany', { count: MOST }));
      if (file.size > largest) this.#tell(t('files.tooLarge', { name: file.name, size: Math.floor(largest / 1048576) }));
      else this.#begin(file);
    }
  }

  isEmpty() {
    return this.#ofRoom().length === 0;
  }

  /**
   * @param {() => void} then what is done when all are there, if some are on their way
   * @returns {boolean} whether some are not there
   */
  isWaiting(then) {
    const missing = this.#ofRoom().filter(({ state }) => state !== 'there');
    const failed = missing.find(({ state }) => state === 'failed' || state === 'lost');
    if (failed) this.#tell(t('files.left', { name: failed.file.name }));
    else if (missing.length > 0) this.#tell(t('files.wait'));
    this.#then = missing.length > 0 && !failed ? then : null;
    return missing.length > 0;
  }

  /** @returns {string[]} what names the files in the message */
  links() {
    return this.#ofRoom().map(({ words, file, address, size }) => linkTo(words?.value.trim() || file.name, address, size));
  }

  /** They have gone with their message. */
  empty() {
    this.#items = this.#items.filter((item) => item.room !== this.#here);
    this.#draw();
  }

  #ofRoom() {
    return this.#items.filter((item) => item.room === this.#here);
  }

  #draw() {
    this.#list.replaceChildren(...this.#ofRoom().map((item) => item.row));
    this.#list.hidden = this.isEmpty();
  }

  /** @param {File} file */
  #begin(file) {
    const isPicture = /^image\/(?!svg)/.test(file.type);
    /** @type {Item} */
    const item = {
      room: this.#here, file, row: element('li', 'item'), progress: document.createElement('progress'),
      words: isPicture ? document.createElement('input') : null, size: null, address: '', state: 'waits', looked: Promise.resolve(), giveUp: () => {},
    };
    item.progress.ariaLabel = file.name;
    const remove = iconButton('close', t('files.remove', { name: file.name }), '');
    remove.addEventListener('click', () => this.#remove(item));
    item.row.dataset.testid = 'file';
    item.row.append(nameOf(file.name), item.progress, remove);
    if (item.words) {
      item.words.placeholder = t('files.describe');
      item.words.ariaLabel = t('files.describe');
      item.words.maxLength = 300;
      item.row.append(item.words);
    }
    this.#items.push(item);
    this.#draw();
    if (isPicture) item.looked = this.#look(item);
    this.#sendNext();
  }

  /**
   * How large a picture is, and a small one of it.
   * @param {Item} item
   */
  async #look(item) {
    try {
      const picture = await createImageBitmap(item.file);
      const { width, height } = picture;
      item.size = { width, height };
      const small = document.createElement('canvas');
      const scale = Math.min(1, EDGE / Math.max(width, height)) * devicePixelRatio;
      small.width = Math.max(1, Math.round(width * scale));
      small.height = Math.max(1, Math.round(height * scale));
      small.getContext('2d')?.drawImage(picture, 0, 0, small.width, small.height);
      small.setAttribute('aria-hidden', 'true');
      picture.close();
      item.row.prepend(small);
    } catch { /* what cannot be drawn is a file like any other */ }
  }

  /** There is a connection again, and so there is somebody to bring files to. */
  tryAgain() {
    for (const item of this.#items.filter(({ state }) => state === 'lost')) this.#sendAgain(item);
  }

  /** @param {Item} item */
  #sendAgain(item) {
    item.row.querySelector('.trouble')?.remove();
    item.state = 'waits';
    this.#sendNext();
  }

  #sendNext() {
    const going = this.#items.filter((item) => item.state === 'goes').length;
    const next = this.#items.find((item) => item.state === 'waits');
    if (next && going < AT_ONCE) this.#send(next);
  }

  /** @param {Item} item */
  #send(item) {
    item.state = 'goes';
    item.progress.value = 0;
    item.giveUp = upload(item.room, item.file, {
      progress: (share) => { item.progress.value = share; },
      done: async ({ path }) => {
        await item.looked;
        item.address = path;
        item.state = 'there';
        item.progress.remove();
        item.row.classList.add('there');
        this.#arrived();
      },
      failed: (trouble, isLost) => this.#failed(item, trouble, isLost),
    });
  }

  /**
   * @param {Item} item
   * @param {string} trouble
   * @param {boolean} isLost
   */
  #failed(item, trouble, isLost) {
    item.state = isLost ? 'lost' : 'failed';
    this.#then = null;
    const again = element('button', 'quiet', t('message.again'));
    const said = element('span', 'trouble', trouble, ' ', again);
    said.setAttribute('role', 'status');
    again.setAttribute('type', 'button');
    again.addEventListener('click', () => this.#sendAgain(item));
    item.row.append(said);
    this.#sendNext();
  }

  /** @param {Item} item */
  #remove(item) {
    item.giveUp();
    this.#items = this.#items.filter((one) => one !== item);
    this.#draw();
    this.#arrived();
  }

  #arrived() {
    this.#sendNext();
    const then = this.#then;
    if (!then || this.#ofRoom().some(({ state }) => state !== 'there')) return;
    this.#then = null;
    then();
  }
}
