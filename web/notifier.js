// Tells through the system that somebody means the reader, while the reader is elsewhere; only if they asked for it.

import { kept, keep } from './storage.js';

const WISHED = 'notify';

export class Notifier {
  #open;

  /** @param {(room: string, message: number) => void} open shows a message */
  constructor(open) {
    this.#open = open;
  }

  isOn() {
    return kept(WISHED) === 'yes' && 'Notification' in window && Notification.permission === 'granted';
  }

  /** @returns {Promise<string>} what has become of it, in a sentence */
  async toggle() {
    if (this.isOn()) {
      keep(WISHED, '');
      return 'Notifications are off.';
    }
    if (!('Notification' in window)) return 'This browser has no notifications.';
    if (await Notification.requestPermission() !== 'granted') return 'This browser does not let Parlor notify you.';
    keep(WISHED, 'yes');
    return 'You are notified when somebody mentions you or writes to you.';
  }

  /**
   * @param {string} title
   * @param {string} body
   * @param {string} room
   * @param {number} sequence
   */
  tell(title, body, room, sequence) {
    if (!this.isOn()) return;
    try {
      // One for each room: a newer one takes the place of the one before.
      const made = new Notification(title, { body, tag: room, icon: '/web/icon.svg' });
      made.addEventListener('click', () => { focus(); this.#open(room, sequence); made.close(); });
    } catch { /* on some phones only a service worker may */ }
  }
}
