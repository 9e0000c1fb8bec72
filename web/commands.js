// What can be told to the page instead of being said: texts that begin with a stroke and a known word.

/** @typedef {import('./language.js').Key} Key */

/** @type {Readonly<Record<string, string>>} the commands, and what comes after them */
export const COMMANDS = {
  help: '', invite: '@…', join: '#…', leave: '', me: '…', mute: '', nick: '…', shrug: '…', topic: '…',
};

/**
 * @typedef {object} Doing
 * @property {(text: string) => boolean} say
 * @property {(action: string) => void} press does what a button does
 * @property {(name: string) => void} invite
 * @property {(name: string) => void} join
 * @property {(name: string) => void} rename
 * @property {(topic: string) => void} topic
 * @property {() => void} mute
 * @property {(name: string) => void} unknown
 */

/**
 * @param {string} text
 * @param {Doing} doing
 * @returns {boolean | null} whether it is taken care of; null for what is no command
 */
export function obey(text, doing) {
  // A path has strokes in it and is no command; neither is what begins with a space.
  const [, name, rest = ''] = /^\/(\p{L}+)(?:\s+([^]*))?$/u.exec(text) ?? [];
  if (!name) return null;
  const words = rest.trim();
  const bare = words.replace(/^[@#]/, '');
  switch (name.toLowerCase()) {
    case 'me': return words === '' || doing.say(`_${words}_`);
    case 'shrug': return doing.say(`${words} 🤷`.trim());
    case 'help': doing.press('shortcuts'); break;
    case 'leave': doing.press('leave'); break;
    case 'mute': doing.mute(); break;
    case 'topic': doing.topic(words); break;
    case 'nick': if (words) doing.rename(words); else doing.press('rename'); break;
    case 'join': if (bare) doing.join(bare); else doing.press('browse'); break;
    case 'invite': if (bare) doing.invite(bare); else doing.press('invite'); break;
    default: doing.unknown(`/${name}`); return false;
  }
  return true;
}
