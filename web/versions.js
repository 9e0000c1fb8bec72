// The page without a network, by a service worker; and a new version of it, which is offered and never forced.

/** The worker's files are fetched when the page has done what it was opened for. */
const LATER = 3000;
const WORKER = '/service-worker.js';

/** @typedef {{createScriptURL(url: string): any}} Policy */

/**
 * @param {() => boolean} isConnected without a server there is nothing to fetch
 * @param {() => void} offer says that there is a new version
 * @returns {() => void} takes it
 */
export function keepVersions(isConnected, offer) {
  /** @type {ServiceWorkerRegistration | undefined} */
  let known;
  let isWished = false;
  const { serviceWorker } = navigator;
  if (!serviceWorker) return () => location.reload();
  const offerIfNew = () => {
    // Without a worker that serves this page, the new one is simply the first.
    if (known?.waiting && serviceWorker.controller) offer();
  };
  const begin = async () => {
    if (!isConnected()) return void setTimeout(begin, LATER);
    try {
      follow(await serviceWorker.register(trusted(WORKER)));
    } catch { /* the page works without it, as long as there is a network */ }
  };
  /** @param {ServiceWorkerRegistration | undefined} registration */
  const follow = (registration) => {
    known = registration;
    offerIfNew();
    known?.addEventListener('updatefound', () => known?.installing?.addEventListener('statechange', offerIfNew));
    // A page may stay open for weeks.
    document.addEventListener('visibilitychange', () => document.hidden || known?.update().catch(() => {}));
  };
  // Who serves this page is known already; whether there is a newer one, the browser looks by itself.
  if (serviceWorker.controller) serviceWorker.getRegistration().then(follow);
  else setTimeout(begin, LATER);
  serviceWorker.addEventListener('controllerchange', () => isWished && location.reload());
  return () => {
    isWished = true;
    if (known?.waiting) known.waiting.postMessage('now');
    else location.reload();
  };
}

/**
 * Where scripts may only come from what a policy has seen, this is the policy, and it knows one address.
 * @param {string} url
 */
function trusted(url) {
  const types = /** @type {any} */ (window).trustedTypes;
  if (!types) return url;
  /** @type {Policy} */
  const policy = types.createPolicy('parlor', { createScriptURL: (/** @type {string} */ one) => (one === WORKER ? one : '') });
  return policy.createScriptURL(url);
}
