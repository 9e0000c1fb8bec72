// Keeps the page's files, all of one version, so that the page opens without a network. What that version is, and which
// files there are, is written in front of this when the server is built: VERSION and FILES.

/** @typedef {Event & {waitUntil(done: Promise<unknown>): void, request: Request, respondWith(answer: Promise<Response>): void, data: unknown}} Work */

const worker = /** @type {any} */ (self);
/** @type {{VERSION: string, FILES: string[]}} */
const { VERSION, FILES } = worker;
const CACHE = `parlor ${VERSION}`;
const SHELL = `/web/${VERSION}/index.html`;
/** Addresses that are the page, wherever in it they lead. */
const PAGE = /^\/($|link$|signed-in$|room\/(?!.*\/feed\.atom$)|private\/|direct\/)/;

worker.addEventListener('install', (/** @type {Work} */ work) => work.waitUntil(fill()));

// A version whose turn has come clears away those before it.
worker.addEventListener('activate', (/** @type {Work} */ work) => work.waitUntil(clear()));

// It waits until no old page is open, unless people wish to have it now.
worker.addEventListener('message', (/** @type {Work} */ { data }) => data === 'now' && worker.skipWaiting());

worker.addEventListener('fetch', (/** @type {Work} */ work) => {
  const { request } = work;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (request.mode === 'navigate' && PAGE.test(pathname)) work.respondWith(kept(SHELL, request));
  else if (FILES.includes(pathname)) work.respondWith(kept(pathname, request));
});

async function fill() {
  const cache = await caches.open(CACHE);
  // An address is for one version, so what the page has fetched already is as good as new.
  await cache.addAll(FILES);
}

async function clear() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith('parlor ') && name !== CACHE).map((name) => caches.delete(name)));
}

/**
 * @param {string} file
 * @param {Request} request what to ask for where somebody has emptied the cache
 */
async function kept(file, request) {
  const cache = await caches.open(CACHE);
  return await cache.match(file) ?? fetch(request);
}
