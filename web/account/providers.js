// Other sites that one signs in by: going there and coming back, and the cards about those that an account is linked to.

import { t } from '../language.js';
import { element } from '../views/elements.js';
import { shortTime } from '../words.js';
import { card, confirmation, field, line } from './card.js';
import { Refusal, ask, me } from './routes.js';

/** @typedef {import('./routes.js').Account} Account */
/** @typedef {import('./routes.js').Identity} Identity */
/** @typedef {[label: string, name: string, chosen: () => unknown]} Choice */

/** Where a site sends people back to. */
const BACK = '/signed-in';

export class Providers {
  #show;
  #back;
  #become;
  /** @type {Promise<string[]> | undefined} */
  #names;

  /**
   * @param {(content: HTMLElement) => void} show
   * @param {() => Promise<void>} back to the card of the account, or of whoever one is
   * @param {(path: string, body: object, stays: (answer: any) => 'here' | 'same' | 'other') => Promise<any>} become begins
   *   anew as who one is then, if one does not stay here
   */
  constructor(show, back, become) {
    this.#show = show;
    this.#back = back;
    this.#become = become;
  }

  /** What they are called. */
  async names() {
    this.#names ??= ask('/session/providers').then(({ providers }) => providers);
    try {
      return await this.#names;
    } catch {
      this.#names = undefined;
      return [];
    }
  }

  /**
   * The ways to sign in by them.
   * @returns {Promise<Choice[]>}
   */
  async choices() {
    return (await this.names()).map((name) => [t('provider.signIn', { name }), 'by-provider', () => go('/session/provider/begin', { provider: name })]);
  }

  /**
   * What an account is linked to, and could be.
   * @param {Account} account
   */
  async list(account) {
    const linked = account.identities;
    const free = (await this.names()).filter((name) => !linked.some(({ provider }) => provider === name));
    if (!linked.length && !free.length) return [];
    const items = [...linked.map((one) => this.#item(one, account)), ...free.map((name) => this.#offer(name, account))];
    return [element('h3', '', t('provider.sites')), element('ul', 'sessions', ...items)];
  }

  /**
   * @param {Identity} identity
   * @param {Account} account
   */
  #item({ identity, provider, linked_at: linked, used_at: used }, account) {
    return item(provider, shortTime(used ?? linked), 'unlink', t('provider.unlink', { name: provider }), () => {
      const password = confirmation(account);
      this.#show(card(provider, [line(t('provider.unlinkNote', { name: provider })), ...password.rows], t('provider.unlinkDo'), async () => {
        await ask('/me/identities/remove', { identity, password: password.value() });
        await this.#back();
      }));
    });
  }

  /**
   * @param {string} name
   * @param {Account} account
   */
  #offer(name, account) {
    return item(name, '', 'link', t('provider.link', { name }), () => {
      const password = confirmation(account);
      this.#show(card(name, [line(t('provider.linkNote', { name })), ...password.rows], t('provider.linkDo'), async () => {
        await go('/me/identities/begin', { provider: name, password: password.value() });
      }));
    });
  }

  /** A site has sent the browser back. */
  async comeBack() {
    if (location.pathname !== BACK) return;
    const said = new URLSearchParams(location.search);
    // What it said is good once, and of no use in the history.
    history.replaceState(null, '', '/');
    const { code, state, iss } = Object.fromEntries(said);
    try {
      const before = await me().catch(() => null);
      if (!code || !state) throw new Refusal('provider-denied', t('provider.denied'));
      // Who has made their name their own keeps what they have written and not sent.
      const stays = (/** @type {any} */ { linked, id }) => (linked ? 'here' : id === before?.id ? 'same' : 'other');
      const answer = await this.#become('/session/provider', { code, state, iss }, stays);
      if (answer.linked) await this.#back();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.code === 'code-needed') this.#askForCode();
      else this.#failed(error);
    }
  }

  #askForCode() {
    const code = field(t('codes.code'), 'text', 'one-time-code');
    this.#show(card(t('account.signIn'), [code.row], t('account.signIn'), async () => {
      await this.#become('/session/provider/code', { code: code.input.value }, () => 'other');
    }));
  }

  /** @param {Refusal} error */
  #failed(error) {
    const told = line(wordsFor(error));
    told.role = 'alert';
    told.dataset.testid = 'provider-trouble';
    this.#show(card(t('provider.failed'), [told], t('provider.again'), () => this.#back()));
  }
}

/**
 * Leaves for a site.
 * @param {string} path
 * @param {object} body
 */
async function go(path, body) {
  try {
    const { url } = await ask(path, body);
    location.assign(url);
  } catch (error) {
    throw error instanceof Refusal ? new Refusal(error.code, wordsFor(error)) : error;
  }
}

/**
 * Why it did not come to anything, in the reader's language; what is no matter of other sites, in the server's.
 * @param {Refusal} error
 */
function wordsFor({ code, message }) {
  switch (code) {
    case 'provider-down': return t('provider.down');
    case 'provider-invalid': return t('provider.invalid');
    case 'sign-in-over': return t('provider.over');
    case 'not-linked': return t('provider.notLinked');
    case 'identity-taken': return t('provider.taken');
    default: return message;
  }
}

/**
 * @param {string} name
 * @param {string} detail
 * @param {'link' | 'unlink'} act
 * @param {string} label
 * @param {() => void} chosen
 */
function item(name, detail, act, label, chosen) {
  const made = /** @type {HTMLButtonElement} */ (element('button', 'quiet', t(act === 'link' ? 'provider.linkDo' : 'provider.unlinkDo')));
  made.type = 'button';
  made.dataset.testid = act;
  made.ariaLabel = label;
  made.addEventListener('click', chosen);
  const row = element('li', '', element('span', '', name), element('span', 'detail', detail), made);
  row.dataset.testid = act === 'link' ? 'offered' : 'linked';
  return row;
}
