// What the cards of an account are made of: fields that password managers know, and a place for what went wrong.

import { t } from '../language.js';
import { element } from '../views/elements.js';
import { Refusal } from './routes.js';

/**
 * @param {string} label
 * @param {string} type
 * @param {'username' | 'current-password' | 'new-password' | 'one-time-code' | 'off'} autocomplete
 * @param {string} value
 * @param {boolean} optional
 */
export function field(label, type, autocomplete, value = '', optional = false) {
  const input = document.createElement('input');
  input.type = type;
  input.autocomplete = autocomplete;
  input.value = value;
  input.required = !optional;
  if (autocomplete === 'new-password') input.minLength = 8;
  return { input, row: element('label', '', element('span', '', label), input) };
}

/** Hands over all that the server keeps about whoever reads this. */
export function kept() {
  const link = /** @type {HTMLAnchorElement} */ (element('a', '', t('account.export')));
  link.href = '/me/export';
  link.download = 'parlor.json';
  link.dataset.testid = 'export';
  return element('p', 'detail', link);
}

/** @param {string} text */
export function line(text) {
  return element('p', 'detail', text);
}

/**
 * @param {string} title
 * @param {HTMLElement[]} content
 * @param {string} label what the button says
 * @param {() => Promise<void>} done
 * @param {[label: string, name: string, chosen: () => unknown][]} others what else can be done
 */
export function card(title, content, label, done, others = []) {
  const trouble = element('p', 'trouble', '');
  trouble.role = 'alert';
  trouble.dataset.testid = 'account-trouble';
  const send = /** @type {HTMLButtonElement} */ (element('button', 'strong', label));
  send.dataset.testid = 'account-send';
  const form = element('form', 'account', element('h2', '', title), ...content, trouble, element('div', 'choice', send, ...others.map(other)));
  /** @param {() => unknown} act */
  const run = async (act) => {
    send.disabled = true;
    trouble.textContent = '';
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      trouble.textContent = error.message;
    } finally {
      send.disabled = false;
    }
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    run(done);
  });
  /** @param {[string, string, () => unknown]} choice */
  function other([text, name, chosen]) {
    const made = /** @type {HTMLButtonElement} */ (element('button', 'quiet', text));
    made.type = 'button';
    made.dataset.testid = name;
    made.addEventListener('click', () => run(chosen));
    return made;
  }
  return form;
}

/**
 * A box for the password, where there is one: it is really them, and nobody at a device that was left open.
 * @param {import('./routes.js').Account} account
 */
export function confirmation(account) {
  const password = field(t('account.password'), 'password', 'current-password', '', true);
  return { rows: account.password ? [password.row] : [], value: () => password.input.value };
}
