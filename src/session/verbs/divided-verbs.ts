/** Verbs on the branches of a session that two programs went on with: which there are, and which one the model sees. */
import { z } from 'zod';
import { readables } from '../../claude-code/readable.ts';
import { type Branch, type Branches, sees } from '../../model/branches.ts';
import type { Entry } from '../../model/entry.ts';
import { given } from '../../model/given.ts';
import { iso } from '../../model/moment.ts';
import type { KnownSession } from '../ports/journal.ts';
import { pagesOf, resting } from '../ports/pages.ts';
import { SessionReply } from './reply-schemas.ts';
import { change, sessionVerb } from './verb.ts';
import { entryView, sessionView } from './views.ts';

const count = z.int().min(0);

const BranchView = z.strictObject({
  number: z.int().min(1),
  /** The model sees it. */
  isChosen: z.boolean(),
  /** What the other program says goes here. */
  isOpen: z.boolean(),
  /** What it has behind the place where the branches part: messages, and the last of them. */
  messages: count,
  lastSeq: count.exactOptional(),
  lastAt: z.iso.datetime().exactOptional(),
  /** How that begins, at most 100 characters. */
  excerpt: z.string().exactOptional(),
});
type BranchView = z.output<typeof BranchView>;

const branches = sessionVerb('branches', {
  request: z.strictObject({}),
  reply: z.strictObject({
    sessionId: z.string(),
    /** Up to that entry they are the same; absent: the session is not divided. */
    partedAfter: count.exactOptional(),
    branches: z.array(BranchView),
  }),
  run: async ({ caller, key }) => {
    const session = await caller.openKnown(key);
    const { branches: all } = session.head;
    const { sessionId } = key;
    if (all === undefined) return { sessionId, branches: [] };
    const partedAfter = partingOf(all);
    const rest = resting(caller.system.clock);
    return { sessionId, partedAfter, branches: await viewsOf(session, all, partedAfter, rest) };
  },
});

const chooseBranch = sessionVerb('choose-branch', {
  request: z.strictObject({ branch: z.int().min(1).describe('its number, of `branches`') }),
  reply: SessionReply,
  run: async (work, { branch: number }) => {
    const by = work.context.principal;
    const { head } = await change(work, work.key, { type: 'chooseBranch', number, by });
    return { session: sessionView(head) };
  },
});

export const dividedVerbs = { branches, 'choose-branch': chooseBranch };

/** Where the first of them ends. */
const partingOf = ({ all }: Branches): number =>
  Math.min(...all.map(({ throughSeq = Infinity }) => throughSeq));

/** Longest excerpt, in characters. */
const EXCERPT = 100;

interface Told {
  messages: number;
  last?: { readonly entry: Entry; readonly words: string };
}

const viewsOf = async (
  session: KnownSession,
  { chosen, all }: Branches,
  partedAfter: number,
  rest: () => Promise<void>,
): Promise<BranchView[]> => {
  const told = new Map<Branch, Told>(all.map((branch) => [branch, { messages: 0 }]));
  const range = { from: partedAfter + 1, to: session.head.seq };
  for await (const page of pagesOf(session, range, rest))
    for (const entry of page) {
      const words = wordsOf(entry);
      if (words === undefined) continue;
      for (const [branch, each] of told) {
        if (!sees(branch, entry)) continue;
        each.messages += 1;
        each.last = { entry, words };
      }
    }
  return [...told].map(([{ number, throughSeq }, { messages, last }]) =>
    given<BranchView>({
      ...{ number, isChosen: number === chosen, isOpen: throughSeq === undefined, messages },
      lastSeq: last?.entry.seq,
      lastAt: last && iso(last.entry.atMs),
      excerpt: last?.words.slice(0, EXCERPT),
    }),
  );
};

/** What a person or the model said in it; undefined: it is no such entry. */
const wordsOf = (entry: Entry): string | undefined => {
  const view = entryView(entry);
  if (view.type === 'view' || (view.type === 'message' && view.isPartial === true))
    return undefined;
  const said =
    view.type === 'message'
      ? [view.message.content]
      : readables(view.line).flatMap(({ kind, content }) => (kind === 'talk' ? [content] : []));
  return said.length === 0 ? undefined : textIn(said);
};

const textIn = (contents: readonly (string | readonly unknown[])[]): string =>
  contents
    .flatMap((content) => (typeof content === 'string' ? [content] : content.map(blockText)))
    .join(' ')
    .replace(/\s+/g, ' ')
    .trim();

const blockText = (block: unknown): string => {
  const { type, text, name } = block as { type?: unknown; text?: unknown; name?: unknown };
  if (type === 'text') return String(text);
  return type === 'tool_use' ? `(${String(name)})` : `(${String(type)})`;
};
