// The browser's database, as promises. Where there is none, or it fails, the page works and forgets.

/** @typedef {'drafts' | 'outbox' | 'rooms' | 'about'} Store */
/** @typedef {(store: (name: Store) => IDBObjectStore) => IDBRequest | void} Work */

const NAME = 'parlor';
const VERSION = 1;
/** @type {readonly Store[]} */
const STORES = ['drafts', 'outbox', 'rooms', 'about'];

/** @type {Promise<IDBDatabase | null> | undefined} */
let opening;

/** @returns {Promise<IDBDatabase | null>} */
function database() {
  opening ??= new Promise((done) => {
    try {
      const request = indexedDB.open(NAME, VERSION);
      request.onupgradeneeded = () => STORES.forEach((store) => request.result.createObjectStore(store));
      request.onsuccess = () => {
        // A newer page in another tab must not wait for this one.
        request.result.onversionchange = () => request.result.close();
        done(request.result);
      };
      request.onerror = () => done(null);
      request.onblocked = () => done(null);
    } catch {
      done(null);
    }
  });
  return opening;
}

/**
 * One transaction, committed at once, so that a page that is closed in the same moment has still written.
 * @param {Store[]} stores
 * @param {Work} work
 * @param {'strict' | 'relaxed'} durability strict survives a dead battery
 * @returns {Promise<void>} when it is done, or cannot be
 */
export async function write(stores, work, durability = 'relaxed') {
  const known = await database();
  await new Promise((done) => {
    try {
      if (!known) return done(undefined);
      const transaction = known.transaction(stores, 'readwrite', { durability });
      for (const end of ['complete', 'abort', 'error']) transaction.addEventListener(end, () => done(undefined));
      work((name) => transaction.objectStore(name));
      transaction.commit();
    } catch {
      done(undefined);
    }
  });
}

/** Forgets everything. */
export function forget() {
  return write([...STORES], (store) => STORES.forEach((name) => store(name).clear()), 'strict');
}

/**
 * @param {Store} store
 * @param {(store: IDBObjectStore) => IDBRequest} ask
 * @returns {Promise<any>} undefined if it cannot be read
 */
export async function read(store, ask) {
  const known = await database();
  return new Promise((done) => {
    try {
      if (!known) return done(undefined);
      const request = ask(known.transaction(store, 'readonly').objectStore(store));
      request.onsuccess = () => done(request.result);
      request.onerror = () => done(undefined);
    } catch {
      done(undefined);
    }
  });
}
