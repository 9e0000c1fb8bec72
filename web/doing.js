// What each command does on this page.

import { t } from './language.js';
import { mentionsIn } from './people.js';
import { roomAt } from './router.js';
import { ofRoom, setRoom } from './settings.js';

/**
 * @typedef {object} Means
 * @property {() => import('./state/state.js').State} state
 * @property {import('./wishes.js').Wishes} wishes
 * @property {(room: string) => void} go
 * @property {(action: string) => void} does
 * @property {(sentence: string) => void} tell
 * @property {(room: string, text: string, about: import('./sender.js').About) => boolean} say
 */

/**
 * @param {Means} means
 * @returns {import('./commands.js').Doing}
 */
export function doingOf({ state, wishes, go, does, tell, say }) {
  return {
    say: (text) => say(state().here, text, { mentions: mentionsIn(text, state().people) }),
    press: does,
    topic: (topic) => wishes.setTopic(state().here, topic),
    rename: (name) => wishes.rename(name),
    invite: async (name) => {
      const person = await wishes.person(name);
      if (person) wishes.invite(state().here, person);
    },
    join: (name) => {
      const found = roomAt(state().rooms, { kind: 'name', room: name, message: 0 });
      if (found) return go(found.id);
      history.pushState(null, '', `/room/${encodeURIComponent(name)}`);
      dispatchEvent(new PopStateEvent('popstate'));
    },
    mute: () => {
      const muted = !ofRoom(state().here).muted;
      setRoom(state().here, { muted });
      tell(t(muted ? 'command.muted' : 'command.unmuted'));
    },
    unknown: (name) => tell(t('command.unknown', { name })),
  };
}
