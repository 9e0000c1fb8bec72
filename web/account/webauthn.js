// Passkeys as the browser makes them and signs by them, as the server's routes take them: octets in base64url.

import { t } from '../language.js';
import { Refusal, ask } from './routes.js';

/** The algorithms that the server knows (COSE): on a curve of NIST, of Edwards, and RSA. */
const ALGORITHMS = [-7, -8, -257];

/** @param {ArrayBuffer | null} octets */
function text(octets) {
  if (!octets) throw new Refusal('passkey', t('passkey.none'));
  return btoa(String.fromCharCode(...new Uint8Array(octets))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @param {string} text */
const octets = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));

/** Browsers have them on pages by https alone, and on one's own machine; and for names, but not for bare addresses. */
export const isPossible = () => 'PublicKeyCredential' in window && !/^[\d.]+$|^\[/.test(location.hostname);

/** Makes a passkey for whoever one is. */
export async function make() {
  const { challenge, rp_id: id, user, known } = await ask('/me/passkeys/begin', {});
  const { response } = await handedOver(navigator.credentials.create({
    publicKey: {
      challenge: octets(challenge),
      rp: { id, name: 'Parlor' },
      user: { id: octets(user.id), name: user.name, displayName: user.name },
      pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
      excludeCredentials: known.map((/** @type {string} */ one) => ({ type: 'public-key', id: octets(one) })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    },
  }));
  const made = /** @type {AuthenticatorAttestationResponse} */ (response);
  return {
    client_data: text(made.clientDataJSON),
    authenticator_data: text(made.getAuthenticatorData()),
    public_key: text(made.getPublicKey()),
    algorithm: made.getPublicKeyAlgorithm(),
  };
}

/** Signs a challenge of the server by a passkey that whoever is there chooses. */
export async function sign() {
  const { challenge, rp_id: rpId } = await ask('/session/passkey/begin', {});
  const { id, response } = await handedOver(navigator.credentials.get({ publicKey: { challenge: octets(challenge), rpId, userVerification: 'required' } }));
  const signed = /** @type {AuthenticatorAssertionResponse} */ (response);
  return {
    user_handle: text(signed.userHandle),
    answer: {
      id,
      client_data: text(signed.clientDataJSON),
      authenticator_data: text(signed.authenticatorData),
      signature: text(signed.signature),
    },
  };
}

/**
 * What the browser hands over, if whoever is there goes on and there is something to hand over.
 * @param {Promise<Credential | null>} asked
 */
async function handedOver(asked) {
  const credential = await asked.catch(() => null);
  if (!credential) throw new Refusal('passkey', t('passkey.none'));
  return /** @type {PublicKeyCredential} */ (credential);
}
