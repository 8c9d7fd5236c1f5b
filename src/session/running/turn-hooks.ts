/** The hooks of a whole turn under way: what they are given is read from the store, and what they say is committed. */

import type { Entry } from '../../model/entry.ts';
import type { Head } from '../../model/head.ts';
import type { TurnId } from '../../model/ids.ts';
import { type HooksPhase, type OpenTurn, type RunId, runIdOf } from '../../model/turn.ts';
import { decodeMessage } from '../context/model-message.ts';
import type { HookedRun, InputOf } from '../machine/input.ts';
import type { Effect } from '../machine/machine.ts';
import type { HookEvent, Hooks, HookVerdict } from '../ports/hooks.ts';
import type { Journal } from '../ports/journal.ts';

export interface HookSources {
  readonly head: Head;
  readonly turn: OpenTurn & { readonly phase: HooksPhase };
  readonly isCancelling: boolean;
  readonly journal: Journal;
  readonly hooks: Hooks;
  readonly cwd: string;
  readonly permissionMode: string;
}

/** What hooks are told, and have no say in. */
export type HookNews = Extract<Effect, { readonly type: 'tellHooks' }>;

/** Of whom they are told. */
export type NewsSources = Pick<HookSources, 'head' | 'hooks' | 'cwd' | 'permissionMode'>;

interface Listener {
  submit(input: InputOf<'hooked'>): void;
  /** Hooks are being asked; when that is done, the turn goes on. */
  reading(done: Promise<void>): void;
}

export class TurnHooks {
  readonly #listener: Listener;
  #begun: RunId | undefined;
  #said: InputOf<'hooked'> | undefined;
  #telling = 0;
  #told: InputOf<'told'>[] = [];

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  /** Asks the hooks that the turn awaits, once, and submits what they have said. */
  carryOut(sources: HookSources): void {
    const { turn, isCancelling } = sources;
    const runId = runIdOf(turn.turnId, turn.phase.run);
    if (isCancelling)
      return this.#listener.submit({ type: 'hooked', runId, context: [], runs: [], text: '' });
    if (this.#said?.runId === runId) {
      const said = this.#said;
      this.#said = undefined;
      return this.#listener.submit(said);
    }
    if (this.#begun === runId) return;
    this.#begun = runId;
    this.#listener.reading(this.#ask(runId, sources));
  }

  /** Hooks are being told something: the session has to stay for the record of it. */
  get isTelling(): boolean {
    return this.#telling > 0 || this.#told.length > 0;
  }

  /** Once, and nothing waits for it: what a crash comes before is not told. */
  tell(news: HookNews, sources: NewsSources): void {
    const { event, turnId, subject } = news;
    if (!sources.hooks.has(event, subject, sources.head.hooks, sources.head)) return;
    this.#telling += 1;
    this.#listener.reading(this.#tell(news, sources, turnId));
  }

  /** Whether older messages may be summed up for a turn. What the hooks said is noted with the next start. */
  async mayCompact(
    turnId: TurnId,
    { head, hooks, cwd, permissionMode }: NewsSources,
  ): Promise<boolean> {
    const event = 'PreCompact';
    if (!hooks.has(event, AUTO, head.hooks, head)) return true;
    const fields = { trigger: AUTO, custom_instructions: head.context?.compactPrompt ?? '' };
    const about = { event, key: head.key, turnId, cwd, permissionMode } as const;
    const said = await hooks.run({ ...about, subject: AUTO, fields });
    this.#told.push({ type: 'told', turnId, runs: runsOf(event, said) });
    return said.stop === undefined && said.decision !== 'deny';
  }

  /** The records of what they were told since the last time. */
  takeTold(): readonly InputOf<'told'>[] {
    return this.#told.splice(0);
  }

  async #tell(news: HookNews, sources: NewsSources, turnId: TurnId | undefined): Promise<void> {
    const { event, subject, fields } = news;
    const { head, hooks, cwd, permissionMode } = sources;
    const about = { event, key: head.key, turnId, cwd, permissionMode, subject, fields };
    try {
      this.#told.push({ type: 'told', turnId, runs: runsOf(event, await hooks.run(about)) });
    } finally {
      this.#telling -= 1;
    }
  }

  async #ask(runId: RunId, sources: HookSources): Promise<void> {
    this.#said =
      sources.turn.phase.event === 'UserPromptSubmit'
        ? await askAtStart(runId, sources)
        : await askAtEnd(runId, sources.turn.phase.event, sources);
  }
}

/** A session's first turn begins the session too. */
const askAtStart = async (runId: RunId, sources: HookSources): Promise<InputOf<'hooked'>> => {
  const { head, turn } = sources;
  const prompt = await textAt(sources, turn.seq);
  const isFirst = head.numTurns <= 1;
  const model = head.model ?? '';
  const session = isFirst
    ? await ask('SessionStart', sources, { source: 'startup', model }, 'startup')
    : NOTHING;
  const said = await ask('UserPromptSubmit', sources, { prompt });
  const reason = said.reason ?? 'a UserPromptSubmit hook';
  return {
    ...{ type: 'hooked', runId, text: '' },
    blocked: said.stop ?? (said.decision === 'deny' ? reason : undefined),
    context: [...session.context, ...said.context],
    runs: [...runsOf('SessionStart', session), ...runsOf('UserPromptSubmit', said)],
  };
};

const askAtEnd = async (
  runId: RunId,
  event: 'Stop' | 'SubagentStop',
  sources: HookSources,
): Promise<InputOf<'hooked'>> => {
  const { turn, head } = sources;
  const text = await textAt(sources, turn.lastSeq);
  const stopping = {
    stop_hook_active: (turn.stopBlocks ?? 0) > 0,
    last_assistant_message: text,
  };
  const { agentType = '' } = head.childOf ?? {};
  const said =
    event === 'Stop'
      ? await ask(event, sources, stopping)
      : await ask(
          event,
          sources,
          { ...stopping, agent_id: head.key.sessionId, agent_type: agentType },
          agentType,
        );
  const reason = said.reason ?? `a ${event} hook`;
  const isBlocked = said.stop === undefined && said.decision === 'deny';
  return {
    ...{ type: 'hooked', runId, text, context: said.context },
    blocked: isBlocked ? reason : undefined,
    runs: runsOf(event, said),
  };
};

/** Not asked for by a person. */
const AUTO = 'auto';
const NOTHING: HookVerdict = { context: [], runs: [] };

const runsOf = (event: HookEvent, { runs }: HookVerdict): readonly HookedRun[] =>
  runs.map((run) => ({ ...run, event }));

const ask = (
  event: HookEvent,
  { head, turn, hooks, cwd, permissionMode }: HookSources,
  fields: Readonly<Record<string, unknown>>,
  subject?: string,
): Promise<HookVerdict> => {
  if (!hooks.has(event, subject, head.hooks, head)) return Promise.resolve(NOTHING);
  const about = { event, key: head.key, turnId: turn.turnId, cwd, permissionMode };
  return hooks.run(subject === undefined ? { ...about, fields } : { ...about, subject, fields });
};

/** What the message at that place says. */
const textAt = async ({ head, journal }: HookSources, seq: number): Promise<string> => {
  const session = await journal.open(head.key);
  const [entry] = await session.entries({ from: seq, to: seq, limit: 1 });
  return textOf(entry);
};

const textOf = (entry: Entry | undefined): string =>
  entry?.kind === 'message'
    ? decodeMessage(entry.body)
        .content.flatMap((block) => {
          const { type, text } = block as { readonly type: string; readonly text?: unknown };
          return type === 'text' && typeof text === 'string' ? [text] : [];
        })
        .join('')
    : '';
