// One's account: claim a name, sign in and out, see where one is signed in, come in by a link.

import { t } from '../language.js';
import { element } from '../views/elements.js';
import { shortTime } from '../words.js';
import { card, field, kept, line } from './card.js';
import { Codes } from './codes.js';
import { Passkeys } from './passkeys.js';
import { Providers } from './providers.js';
import { Refusal, ask, me } from './routes.js';
import { isPossible, make, sign } from './webauthn.js';

/** @typedef {import('./routes.js').Session} Session */
/** @typedef {[label: string, name: string, chosen: () => unknown]} Choice */

export class Account {
  #dialogs;
  #page;
  /** Changes that are under way: until they are done, nobody knows which session this page has. */
  #changing = Promise.resolve();
  #isLeaving = false;
  #passkeys = new Passkeys((content) => this.#show(content), () => this.open());
  #providers = new Providers((content) => this.#show(content), () => this.open(), (path, body, stays) => this.#become(path, body, stays));
  #codes = new Codes((content) => this.#show(content), () => this.open());

  /**
   * @param {import('../views/dialogs.js').Dialogs} dialogs
   * @param {{again: () => void, leave: (isSame: boolean) => Promise<void>}} page comes back as who one is by
   *   now; or begins anew, as somebody else who finds nothing, or as the same person
   */
  constructor(dialogs, page) {
    this.#dialogs = dialogs;
    this.#page = page;
  }

  /** Shows what there is to do for whoever one is. */
  async open() {
    const known = await me().catch(() => null);
    if (!known) await this.#signIn();
    else if (known.account) await this.#own(known.name, known.account);
    else await this.#claim(known.name);
  }

  /** The session of this page has ended: it was signed out, here or from elsewhere. */
  async ended() {
    await this.#changing;
    if (this.#isLeaving) return;
    try {
      await me();
      this.#page.again();
    } catch (error) {
      if (!(error instanceof Refusal) || error.code === 'lost') return;
      this.#signedOut();
    }
  }

  /**
   * Asks for something that changes which session this page has.
   * @param {string} path
   * @param {object} body
   */
  async #change(path, body) {
    const asked = ask(path, body);
    this.#changing = asked.catch(() => {});
    return asked;
  }

  /**
   * The same, and begins anew as somebody else.
   * @param {string} path
   * @param {object} body
   * @param {(answer: any) => 'here' | 'same' | 'other'} stays where one stays here, or is the same person in a new session
   */
  async #become(path, body, stays = () => 'other') {
    this.#isLeaving = true;
    try {
      const answer = await this.#change(path, body);
      const stay = stays(answer);
      if (stay === 'here') this.#isLeaving = false;
      else await this.#page.leave(stay === 'same');
      return answer;
    } catch (error) {
      this.#isLeaving = false;
      throw error;
    }
  }

  /** @param {HTMLElement} content */
  #show(content) {
    this.#dialogs.show(content);
    content.querySelector('input')?.focus();
  }

  /** @param {string} name */
  async #claim(name) {
    const [called, password] = [field(t('account.name'), 'text', 'username', name), field(t('account.password'), 'password', 'new-password')];
    const note = line(t('account.claimNote'));
    /** @type {Choice[]} */
    const others = [...await this.#providers.choices(), [t('account.have'), 'to-sign-in', () => this.#signIn()]];
    if (isPossible()) {
      others.unshift([t('passkey.claim'), 'claim-by-passkey', async () => {
        await this.#change('/me/passkeys', { made: await make(), name: called.input.value });
        this.#dialogs.close();
      }]);
    }
    this.#show(card(t('account.claim'), [note, called.row, password.row, kept()], t('account.claimDo'), async () => {
      await this.#change('/session/claim', { name: called.input.value, password: password.input.value });
      // The server ends the connection that belongs to nobody now, and so it begins again.
      this.#dialogs.close();
    }, others));
  }

  async #signIn() {
    const [name, password] = [field(t('account.name'), 'text', 'username'), field(t('account.password'), 'password', 'current-password')];
    const code = field(t('codes.code'), 'text', 'one-time-code');
    /** @type {Choice[]} */
    const others = isPossible() ? [[t('passkey.signIn'), 'by-passkey', async () => this.#become('/session/passkey', await sign())]] : [];
    others.push(...await this.#providers.choices());
    this.#show(card(t('account.signIn'), [name.row, password.row], t('account.signIn'), async () => {
      try {
        await this.#become('/session', { name: name.input.value, password: password.input.value, code: code.input.value });
      } catch (error) {
        if (error instanceof Refusal && error.code === 'code-needed') {
          password.row.after(code.row);
          code.input.focus();
        }
        throw error;
      }
    }, others));
  }

  /**
   * @param {string} name
   * @param {import('./routes.js').Account} account
   */
  async #own(name, account) {
    const sessions = element('ul', 'sessions', ...account.sessions.map((one) => this.#device(one)));
    const content = [element('h3', '', t('account.on')), sessions, ...this.#passkeys.list(account), ...await this.#providers.list(account), kept()];
    /** @type {Choice[]} */
    const others = [
      [t('account.outOthers'), 'end-others', async () => { await ask('/session/end-others', {}); await this.open(); }],
      [t('account.change'), 'to-password', () => this.#password()],
    ];
    if (isPossible()) others.push([t('passkey.add'), 'add-passkey', () => this.#passkeys.add(account)]);
    // Whoever has no password is asked for no code either.
    if (account.password) others.push([t('codes.codes'), 'to-codes', () => this.#codes.open(account)]);
    others.push([t('account.delete'), 'to-delete', () => this.#delete(name)]);
    this.#show(card(name, content, t('account.out'), () => this.#become('/session/end', {}), others));
  }

  /** @param {Session} session */
  #device({ session, device, started_at: at, own }) {
    const item = element('li', '', element('span', '', device), element('span', 'detail', own ? t('account.thisDevice') : shortTime(at)));
    item.dataset.testid = 'session';
    if (!own) {
      const end = /** @type {HTMLButtonElement} */ (element('button', 'quiet', t('account.out')));
      end.type = 'button';
      end.dataset.testid = 'end-session';
      end.ariaLabel = t('account.outOne', { device });
      end.addEventListener('click', async () => {
        end.disabled = true;
        await ask('/session/end', { session }).catch(() => {});
        await this.open();
      });
      item.append(end);
    }
    return item;
  }

  #password() {
    const [old, next] = [field(t('account.old'), 'password', 'current-password', '', true), field(t('account.new'), 'password', 'new-password')];
    this.#show(card(t('account.change'), [old.row, next.row], t('account.changeDo'), async () => {
      await ask('/me/password', { password: old.input.value, new: next.input.value });
      await this.open();
    }));
  }

  /** @param {string} name */
  #delete(name) {
    const password = field(t('account.password'), 'password', 'current-password', '', true);
    const note = line(t('account.deleteNote', { name }));
    this.#show(card(t('account.delete'), [note, password.row], t('account.deleteDo'), async () => {
      await this.#become('/me/delete', { password: password.input.value });
    }));
  }

  #signedOut() {
    this.#show(card(t('account.ended'), [line(t('account.endedNote'))], t('account.signIn'), () => this.#signIn(), [[t('account.guest'), 'as-guest', () => this.#become('/session/guest', {})]]));
  }

  /** Somebody may have come by a link, or back from another site. */
  arrive() {
    if (location.pathname === '/link') this.#comeBy(location.hash.slice(1));
    this.#providers.comeBack();
  }

  /**
   * Somebody came by a link that lets them in again.
   * @param {string} link
   */
  #comeBy(link) {
    const password = field(t('account.new'), 'password', 'new-password');
    this.#show(card(t('account.link'), [password.row], t('account.linkDo'), async () => {
      // Without the secret, which is in no history then.
      await this.#become('/session/link', { link, password: password.input.value });
    }));
  }
}
