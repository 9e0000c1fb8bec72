// Who is meant: names in a text, and whom to suggest while one is typed.

/** @typedef {import('./state/state.js').State} State */

/**
 * @param {string} text
 * @param {Readonly<Record<string, string>>} people
 * @returns {string[]} the ids of those whose name stands after an @
 */
export function mentionsIn(text, people) {
  if (!text.includes('@')) return [];
  const words = text.toLowerCase();
  return Object.entries(people).filter(([, name]) => {
    if (!name) return false;
    const at = words.indexOf(`@${name.toLowerCase()}`);
    const after = text[at + 1 + name.length] ?? ' ';
    return at >= 0 && !/[\p{L}\p{N}_-]/u.test(after);
  }).map(([id]) => id);
}

/**
 * Those who spoke last in this room come first.
 * @param {State} state
 * @param {string} words the beginning of a name, in small letters
 * @returns {string[]} names
 */
export function namesFor({ rooms, here, people, you }, words) {
  const spoke = (rooms[here]?.span?.messages ?? []).map((message) => message.by).reverse();
  const order = [...new Set([...spoke, ...Object.keys(people)])].filter((id) => id !== you.id);
  const names = order.map((id) => people[id] ?? '').filter((name) => name && name.toLowerCase().includes(words));
  const starts = (/** @type {string} */ name) => Number(name.toLowerCase().startsWith(words));
  return names.sort((one, other) => starts(other) - starts(one));
}

/**
 * What fits the words: first what begins with them, then what has them, then what has their letters in this order.
 * @template T
 * @param {readonly T[]} items in the order that holds among equals
 * @param {string} words in small letters
 * @param {(item: T) => string} nameOf
 * @returns {T[]}
 */
export function ranked(items, words, nameOf) {
  const fit = (/** @type {T} */ item) => {
    const name = nameOf(item).toLowerCase();
    if (name.startsWith(words)) return 0;
    if (name.includes(words)) return 1;
    let at = 0;
    for (const letter of name) if (letter === words[at]) at += 1;
    return at === words.length ? 2 : 3;
  };
  const fits = items.map((item) => ({ item, rank: fit(item) })).filter(({ rank }) => rank < 3);
  return fits.sort((one, other) => one.rank - other.rank).map(({ item }) => item);
}
