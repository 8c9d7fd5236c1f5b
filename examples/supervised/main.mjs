/**
 * A program of supervised actors around Greenroom: a clerk works off an inbox, a letter at a time. It crashes in the middle,
 * its supervisor starts it again, and no letter is answered twice: each has a turn id.
 *
 *     node examples/supervised/main.mjs
 */
import { startGreenroom } from 'greenroom';
import {
  formatReport,
  genServer,
  nameOf,
  noreply,
  protocol,
  reply,
  System,
  startTree,
  supervisor,
  task,
} from 'greenroom/otp';
import { z } from 'zod';

const greenroom = await startGreenroom({ dataDir: './data' });

/** Turns on Greenroom; the same id again only joins what is there. */
const answer = async ({ id, text }) => {
  for await (const event of greenroom.turn('letters', text, { turnId: id }))
    if (event.type === 'turn.finished') return event.text;
};

// What an actor is asked (calls) and told (casts). The inbox remembers which letters are not done.
const inboxName = nameOf('inbox');
const Letter = z.object({ id: z.string(), text: z.string() });
const Inbox = genServer(
  protocol({
    calls: { next: { request: z.null(), reply: Letter.optional() } },
    casts: { done: z.string() },
  }),
  {
    init: (letters) => letters,
    handleCall: { next: (_, letters) => reply(letters[0], letters) },
    handleCast: { done: (id, letters) => noreply(letters.filter((one) => one.id !== id)) },
  },
);
const letters = ['letter-1', 'letter-2', 'letter-3'].map((id) => ({ id, text: `Answer ${id}.` }));

// The clerk remembers nothing: what is not done is asked for again.
let accidents = 1;
let finished;
const allDone = new Promise((resolve) => {
  finished = resolve;
});
const work = async () => {
  const inbox = system.fetch(inboxName);
  for (;;) {
    const letter = await inbox.call('next', null);
    if (letter === undefined) return finished();
    console.log(letter.id, '→', await answer(letter));
    if (letter.id === 'letter-2' && accidents-- > 0) throw new Error('spilt the coffee');
    inbox.cast('done', letter.id);
  }
};

const office = supervisor({
  id: 'office',
  strategy: 'rest_for_one', // the clerk cannot work without the inbox
  children: [
    Inbox.childSpec(letters, { id: 'inbox', name: inboxName }),
    task({ id: 'clerk', run: work }), // started again if it fails, not when it is done
  ],
});

const system = new System({
  onReport: (report) => report.kind === 'crash' && console.log(formatReport(report)),
});
const root = await startTree(system, office);
await allDone;
await system.stop(root);

console.log('turns:', (await greenroom.sessions.get('letters')).numTurns);
await greenroom.stop();
