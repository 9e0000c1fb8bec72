// Presses anywhere on the page: which action they mean, and on which message.

/** @typedef {import('./actions.js').Pressed} Pressed */
/** @typedef {import('./state/state.js').Message} Message */
/** @typedef {import('./state/state.js').State} State */

/**
 * @param {object} parts
 * @param {() => State} parts.state
 * @param {(event: import('./state/reduce.js').Event) => void} parts.dispatch
 * @param {import('./wishes.js').Wishes} parts.wishes
 * @param {Record<string, (pressed: Pressed) => void>} parts.actions
 */
export function listenToPresses({ state, dispatch, wishes, actions }) {
  document.addEventListener('click', (event) => {
    if (event.altKey) return markUnread(event.target);
    const element = event.target instanceof Element ? event.target.closest('[data-does]') : null;
    if (!(element instanceof HTMLElement)) return;
    const act = actions[element.dataset.does ?? ''];
    if (!act || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const { pane, here } = state();
    const room = element.closest('.pane') && pane && 'room' in pane ? pane.room : here;
    act({ element, message: messageAt(state(), element, room), room });
  });
  document.addEventListener('pointerover', ({ target }) => tellWhoReacted(target));

  /** @param {EventTarget | null} target in a message, from which on everything is unread again */
  function markUnread(target) {
    const sequence = Number(target instanceof Element ? target.closest('.stage .message')?.getAttribute('data-sequence') : 0);
    if (!sequence) return;
    const room = state().here;
    dispatch({ kind: 'read', room, upTo: sequence - 1 });
    wishes.markUnread(room, sequence - 1);
  }

  /**
   * Whoever points at a reaction is told whose it is.
   * @param {EventTarget | null} target
   */
  async function tellWhoReacted(target) {
    const reaction = target instanceof Element ? target.closest('.reaction:not([title])') : null;
    const sequence = reaction?.closest('li')?.dataset.sequence;
    if (!(reaction instanceof HTMLElement) || !sequence || state().phase !== 'connected') return;
    reaction.title = '…';
    reaction.title = (await wishes.reacted(state().here, Number(sequence), reaction.dataset.reaction ?? '')).join(', ');
  }
}

/**
 * @param {State} state
 * @param {HTMLElement} element
 * @param {string} room
 * @returns {Message | null}
 */
function messageAt({ rooms, pane }, element, room) {
  const { key, sequence } = element.closest('li')?.dataset ?? {};
  const beside = pane && 'messages' in pane ? pane.messages ?? [] : [];
  const known = [...rooms[room]?.span?.messages ?? [], ...rooms[room]?.pending ?? [], ...beside];
  return known.find((one) => one.key === key || (sequence && one.sequence === Number(sequence))) ?? null;
}
