// What a page that goes away leaves to the next one, because the database would drop what it has only begun to write.

/**
 * @param {string} prefix of the names in `localStorage`, which is written at once
 * @param {() => Iterable<[name: string, text: string]>} unsettled what is not written yet
 */
export function leave(prefix, unsettled) {
  addEventListener('pagehide', () => {
    try {
      for (const [name, text] of unsettled()) localStorage.setItem(prefix + name, text);
    } catch { /* storage is switched off */ }
  });
  // It has not gone: what it had begun goes on.
  addEventListener('pageshow', ({ persisted }) => persisted && takeLeft(prefix));
}

/**
 * @param {string} prefix
 * @returns {[name: string, text: string][]} what was left, which is nobody else's from now on
 */
export function takeLeft(prefix) {
  try {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix));
    const left = keys.map((key) => /** @type {[string, string]} */ ([key.slice(prefix.length), localStorage.getItem(key) ?? '']));
    for (const key of keys) localStorage.removeItem(key);
    return left;
  } catch {
    return [];
  }
}
