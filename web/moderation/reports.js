// What people reported: each message with those around it.

import { parts } from '../language.js';
import { element, nameOf } from '../views/elements.js';
import { clockTime, roomName, shortTime } from '../words.js';
import { press } from './form.js';
import { showPerson } from './person.js';

/** @typedef {import('../wire/protocol.js').People} People */
/** @typedef {import('../wire/protocol.js').WireMessage} WireMessage */
/** @typedef {{report: number, room: string, sequence: number, by: string, at: number, note: string, context: WireMessage[]}} Report */

/**
 * @param {import('./desk.js').DeskTools} tools
 * @returns {import('./desk.js').Part}
 */
export function reports(tools) {
  const { wishes } = tools;
  return {
    nothing: 'report.none',
    list: async () => {
      const answer = await wishes.look({ type: 'reports' });
      return answer && answer.reports.map((/** @type {Report} */ one) => item(tools, one, answer.people));
    },
  };
}

/**
 * @param {import('./desk.js').DeskTools} tools
 * @param {Report} one
 * @param {People} people
 */
function item(tools, { report, room, sequence, by, at, note, context }, people) {
  const { state, wishes, close, go, again, back } = tools;
  const known = state().rooms[room];
  const about = context.find((message) => message.sequence === sequence);
  const head = element('p', 'head', ...parts('report.head', {
    name: nameOf(people[by] ?? ''), room: nameOf(known ? roomName(known, state().people) : '…'), time: shortTime(at),
  }));
  const said = element('p', 'said', note);
  said.dir = 'auto';
  const around = element('ol', 'context', ...context.map((message) => {
    const text = element('span', '', message.text);
    text.dir = 'auto';
    const made = element('li', message.sequence === sequence ? 'reported' : '', nameOf(people[message.by] ?? ''), ' ', element('span', 'detail', clockTime(message.at)), ' ', text);
    if (message.sequence === sequence) made.ariaCurrent = 'true';
    return made;
  }));
  const label = note || about?.text.slice(0, 40);
  const choices = [
    press('report.settle', 'settle', async () => { if (await wishes.order({ type: 'settle_report', report })) await again(); }, label),
    ...(known ? [press('report.see', 'see-reported', () => { close(); go(room, sequence); }, label)] : []),
  ];
  if (about) {
    choices.push(press('message.remove', 'remove-reported', async () => {
      if (await wishes.order({ type: 'delete', room, message: sequence })) await again();
    }, label), press('report.author', 'author', () => { showPerson(tools, about.by, room, back); }, people[about.by]));
  }
  return element('li', '', head, ...(note ? [said] : []), around, element('div', 'choice', ...choices));
}
