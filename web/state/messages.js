// A span of messages, and what each event makes of it.

/** @typedef {import('./state.js').Message} Message */
/** @typedef {import('./state.js').Span} Span */
/** @typedef {import('../wire/protocol.js').Line} Line */
/** @typedef {import('../wire/protocol.js').Page} Page */
/** @typedef {import('../wire/protocol.js').WireMessage} WireMessage */

/** Messages that are kept of one room at most; what was read longer ago is fetched again. */
export const MOST = 400;

/**
 * @param {WireMessage} wire
 * @returns {Message}
 */
export function messageOf(wire) {
  return {
    key: `s${wire.sequence}`, sequence: wire.sequence, at: wire.at, by: wire.by, text: wire.text,
    replyTo: wire.reply_to ?? 0, thread: wire.thread ?? 0, mentions: wire.mentions ?? [],
    editedAt: wire.edited_at ?? 0, reactions: wire.reactions ?? [], pinned: wire.pinned_by !== undefined,
    replies: wire.replies ?? 0, status: 'settled', trouble: '',
  };
}

/**
 * The span with a page of history joined to it.
 * @param {Span | null} span
 * @param {Page} page
 * @param {'before' | 'after' | 'anew'} where
 * @returns {Span}
 */
export function withPage(span, page, where) {
  const messages = page.messages.map(messageOf);
  if (!span || where === 'anew') return { messages, before: page.before, after: page.after };
  const joined = merge(span.messages, messages);
  return where === 'before'
    ? cutEnd({ ...span, messages: joined, before: page.before })
    : cutStart({ ...span, messages: joined, after: page.after });
}

/**
 * The span with a message in its place; one that is there already stays as it is.
 * @param {Span} span
 * @param {Message} message
 * @returns {Span}
 */
export function withMessage(span, message) {
  if (span.after) return span;
  const messages = merge(span.messages, [message]);
  return messages === span.messages ? span : cutStart({ ...span, messages });
}

/**
 * @param {readonly Message[]} known
 * @param {readonly Message[]} others
 * @returns {readonly Message[]} in order, without repeats
 */
function merge(known, others) {
  const first = known[0]?.sequence ?? 0;
  const last = known.at(-1)?.sequence ?? 0;
  const have = new Set(known.map((message) => message.sequence));
  const fresh = others.filter((message) => !have.has(message.sequence));
  if (fresh.length === 0) return known;
  if ((fresh[0]?.sequence ?? 0) > last) return [...known, ...fresh];
  if ((fresh.at(-1)?.sequence ?? 0) < first) return [...fresh, ...known];
  return [...known, ...fresh].sort((one, other) => one.sequence - other.sequence);
}

/** @param {Span} span */
function cutStart(span) {
  if (span.messages.length <= MOST) return span;
  return { ...span, messages: span.messages.slice(-MOST), before: true };
}

/** @param {Span} span */
function cutEnd(span) {
  if (span.messages.length <= MOST) return span;
  return { ...span, messages: span.messages.slice(0, MOST), after: true };
}

/**
 * What an event makes of messages: a list with those changed that it is about.
 * @param {readonly Message[]} messages
 * @param {Line} line
 * @param {string} you
 * @returns {readonly Message[]}
 */
export function afterEvent(messages, line, you) {
  switch (line.type) {
    case 'edited':
      return change(messages, line.message, (message) => ({
        ...message, text: line.text, mentions: line.mentions ?? [], editedAt: line.at,
      }));
    case 'deleted': return without(messages, [line.message]);
    case 'hidden':
    case 'expired': return without(messages, line.messages);
    case 'reacted': return change(messages, line.message, (message) => react(message, line.reaction, 1, line.by === you));
    case 'unreacted': return change(messages, line.message, (message) => react(message, line.reaction, -1, line.by === you));
    case 'pinned': return change(messages, line.message, (message) => ({ ...message, pinned: true }));
    case 'unpinned': return change(messages, line.message, (message) => ({ ...message, pinned: false }));
    case 'posted':
      return change(messages, line.thread ?? 0, (message) => ({ ...message, replies: message.replies + 1 }));
    default: return messages;
  }
}

/**
 * @param {readonly Message[]} messages
 * @param {number} sequence
 * @param {(message: Message) => Message} how
 */
function change(messages, sequence, how) {
  const index = sequence === 0 ? -1 : messages.findIndex((message) => message.sequence === sequence);
  const found = messages[index];
  return found ? messages.with(index, how(found)) : messages;
}

/**
 * @param {readonly Message[]} messages
 * @param {readonly number[]} sequences
 */
function without(messages, sequences) {
  const gone = new Set(sequences);
  const threads = new Map();
  for (const { sequence, thread } of messages) {
    if (gone.has(sequence) && thread) threads.set(thread, (threads.get(thread) ?? 0) + 1);
  }
  return messages.filter((message) => !gone.has(message.sequence)).map((message) => {
    const fewer = threads.get(message.sequence);
    return fewer ? { ...message, replies: Math.max(0, message.replies - fewer) } : message;
  });
}

/**
 * One's own reaction is there or not; it cannot be counted twice, whichever way it comes.
 * @param {Message} message
 * @param {string} reaction
 * @param {1 | -1} by
 * @param {boolean} own
 * @returns {Message}
 */
function react(message, reaction, by, own) {
  const found = message.reactions.find((one) => one.reaction === reaction);
  if (own && (found?.own ?? false) === (by === 1)) return message;
  const count = (found?.count ?? 0) + by;
  const changed = { reaction, count, own: own ? by === 1 : found?.own ?? false };
  const reactions = found
    ? message.reactions.map((one) => (one === found ? changed : one))
    : [...message.reactions, changed];
  return { ...message, reactions: reactions.filter((one) => one.count > 0) };
}
