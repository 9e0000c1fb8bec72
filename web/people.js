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
 * Those who spoke last in this room come first, then who else is in it.
 * @param {State} state
 * @param {string} words the beginning of a name, in small letters
 * @returns {string[]} names
 */
export function namesFor(state, words) {
  return peopleFor(state, words).map(({ name }) => name);
}

/**
 * As `namesFor`, with whether they are known not to be in the room.
 * @param {State} state
 * @param {string} words the beginning of a name, in small letters
 */
export function peopleFor({ rooms, here, people, you }, words) {
  const room = rooms[here];
  const spoke = (room?.span?.messages ?? []).map((message) => message.by).reverse();
  const members = new Set(room?.memberIds);
  const order = [...new Set([...spoke, ...members, ...Object.keys(people)])].filter((id) => id !== you.id);
  const found = order.map((id) => ({ name: people[id] ?? '', isElsewhere: members.size > 0 && !members.has(id) }));
  const fit = found.filter(({ name }) => name && name.toLowerCase().includes(words));
  const rank = (/** @type {{name: string, isElsewhere: boolean}} */ { name, isElsewhere }) => (
    2 * Number(name.toLowerCase().startsWith(words)) - Number(isElsewhere));
  return fit.sort((one, other) => rank(other) - rank(one));
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
