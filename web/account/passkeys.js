// The cards about one's passkeys: which there are, one more, what they are called, and one less.

import { t } from '../language.js';
import { element } from '../views/elements.js';
import { shortTime } from '../words.js';
import { card, confirmation, field } from './card.js';
import { ask } from './routes.js';
import { make } from './webauthn.js';

/** @typedef {import('./routes.js').Account} Account */
/** @typedef {import('./routes.js').Passkey} Passkey */

export class Passkeys {
  #show;
  #back;

  /**
   * @param {(content: HTMLElement) => void} show
   * @param {() => Promise<void>} back to the card of the account
   */
  constructor(show, back) {
    this.#show = show;
    this.#back = back;
  }

  /** @param {Account} account */
  list(account) {
    const { passkeys } = account;
    if (!passkeys.length) return [];
    return [element('h3', '', t('passkey.passkeys')), element('ul', 'sessions', ...passkeys.map((one) => this.#item(one, account)))];
  }

  /**
   * @param {Passkey} passkey
   * @param {Account} account
   */
  #item(passkey, account) {
    const { label, added_at: added, used_at: used } = passkey;
    const item = element('li', '', element('span', '', label), element('span', 'detail', shortTime(used ?? added)));
    item.dataset.testid = 'passkey';
    const edit = /** @type {HTMLButtonElement} */ (element('button', 'quiet', t('passkey.edit')));
    edit.type = 'button';
    edit.dataset.testid = 'edit-passkey';
    edit.ariaLabel = t('passkey.editOne', { label });
    edit.addEventListener('click', () => this.#edit(passkey, account));
    item.append(edit);
    return item;
  }

  /** @param {Account} account */
  add(account) {
    const password = confirmation(account);
    this.#show(card(t('passkey.add'), password.rows, t('passkey.add'), async () => {
      await ask('/me/passkeys', { made: await make(), password: password.value() });
      await this.#back();
    }));
  }

  /**
   * @param {Passkey} passkey
   * @param {Account} account
   */
  #edit({ passkey, label }, account) {
    const [called, password] = [field(t('passkey.label'), 'text', 'off', label), confirmation(account)];
    this.#show(card(label, [called.row, ...password.rows], t('room.save'), async () => {
      await ask('/me/passkeys/label', { passkey, label: called.input.value });
      await this.#back();
    }, [[t('passkey.remove'), 'remove-passkey', async () => {
      await ask('/me/passkeys/remove', { passkey, password: password.value() });
      await this.#back();
    }]]));
  }
}
