// The cards about codes that are asked for besides the password: an authenticator's, and those for when it is lost.

import { t } from '../language.js';
import { element } from '../views/elements.js';
import { card, field, line } from './card.js';
import { ask } from './routes.js';

/** @typedef {import('./routes.js').Account} Account */

export class Codes {
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
  async open(account) {
    if (account.codes) this.#known(account.recovery_codes);
    else this.#setUp(await ask('/me/codes/begin', {}));
  }

  /** @param {{secret: string, uri: string, sealed: string}} begun */
  #setUp({ secret, uri, sealed }) {
    const link = /** @type {HTMLAnchorElement} */ (element('a', '', t('codes.open')));
    link.href = uri;
    const key = element('code', '', (secret.match(/.{1,4}/g) ?? []).join(' '));
    key.dataset.testid = 'codes-key';
    const [code, password] = [field(t('codes.code'), 'text', 'one-time-code'), field(t('account.password'), 'password', 'current-password')];
    const content = [line(t('codes.note')), element('p', '', key), element('p', 'detail', link), code.row, password.row];
    this.#show(card(t('codes.codes'), content, t('codes.do'), async () => {
      this.#recovery(await ask('/me/codes', { sealed, code: code.input.value, password: password.input.value }));
    }));
  }

  /** @param {number} left */
  #known(left) {
    const password = field(t('account.password'), 'password', 'current-password');
    const confirmed = () => ({ password: password.input.value });
    this.#show(card(t('codes.codes'), [line(t('codes.left', { count: left })), password.row], t('codes.renew'), async () => {
      this.#recovery(await ask('/me/codes/renew', confirmed()));
    }, [[t('codes.remove'), 'remove-codes', async () => {
      await ask('/me/codes/remove', confirmed());
      await this.#back();
    }]]));
  }

  /** @param {{recovery_codes: string[]}} told */
  #recovery({ recovery_codes: codes }) {
    const list = element('ul', 'recovery', ...codes.map((code) => element('li', '', element('code', '', code))));
    this.#show(card(t('codes.recovery'), [line(t('codes.recoveryNote')), list], t('codes.kept'), () => this.#back()));
  }
}
