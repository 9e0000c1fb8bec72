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
