// Tells through the system, and by a sound, that somebody means the reader, while the reader is elsewhere; only if they
// asked for it.

import { withoutAddresses } from './files/links.js';
import { t } from './language.js';
import { isQuiet, isWanted, set, settings } from './settings.js';

/** Loudness and length of the sound: a tap, not an alarm. */
const VOLUME = 0.08;
const SECONDS = 0.25;
const HERTZ = 660;
const ICON = new URL('icon-192.png', import.meta.url).pathname;

export class Notifier {
  #open;
  /** @type {Map<string, Notification>} what the system shows, by room */
  #shown = new Map();

  /** @param {(room: string, message: number) => void} open shows a message */
  constructor(open) {
    this.#open = open;
  }

  isOn() {
    return settings().notify && 'Notification' in window && Notification.permission === 'granted';
  }

  /** @returns {Promise<string>} what has become of it, in a sentence */
  async toggle() {
    if (this.isOn()) {
      set('notify', false);
      return t('notify.off');
    }
    if (!('Notification' in window)) return t('notify.none');
    if (await Notification.requestPermission() !== 'granted') return t('notify.refused');
    set('notify', true);
    return t('notify.on');
  }

  /**
   * @param {import('./wire/protocol.js').Line} line
   * @param {import('./state/state.js').State} state
   */
  hear({ type, room, by, by_name: name, text, mentions, sequence }, state) {
    const where = state.rooms[room];
    const isForYou = Boolean(mentions?.includes(state.you.id)) || where?.visibility === 'direct';
    const isInView = room === state.here && document.hasFocus() && !document.hidden;
    if (type !== 'posted' || by === state.you.id || isInView || !where || !isWanted(room, isForYou)) return;
    this.#tell(where.visibility === 'direct' ? name : t('notify.in', { name, room: where.name }), withoutAddresses(text), room, sequence);
  }

  /**
   * @param {string} title
   * @param {string} body
   * @param {string} room
   * @param {number} sequence
   */
  #tell(title, body, room, sequence) {
    if (isQuiet(new Date())) return;
    // Before anybody has touched the page, browsers let nothing sound.
    if (settings().sound && navigator.userActivation?.hasBeenActive) tap();
    if (!this.isOn()) return;
    try {
      // One for each room: a newer one takes the place of the one before.
      const made = new Notification(title, { body, tag: room, icon: ICON });
      this.#shown.set(room, made);
      made.addEventListener('click', () => { focus(); this.#open(room, sequence); made.close(); });
    } catch { /* on some phones only a service worker may */ }
  }

  /** @param {string} room what is read, here or on another device, needs no telling any more */
  clear(room) {
    this.#shown.get(room)?.close();
    this.#shown.delete(room);
  }
}

function tap() {
  const context = new AudioContext();
  const [tone, volume] = [context.createOscillator(), context.createGain()];
  tone.frequency.value = HERTZ;
  volume.gain.setValueAtTime(VOLUME, context.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.0001, context.currentTime + SECONDS);
  tone.connect(volume).connect(context.destination);
  tone.start();
  tone.stop(context.currentTime + SECONDS);
  tone.addEventListener('ended', () => context.close());
}
