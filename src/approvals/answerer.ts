/**
 * The actor behind `canUseTool`: has it answer what waits for a person, as anyone else could, by the verb `approve`.
 *
 * 1. Sessions know nothing of it: what waits is stored with them. It looks at what waits when it starts, and hears of
 *    what comes; so a crash loses no question.
 * 2. Each approval is asked about once in its life. What throws is logged, and the call waits for another answer.
 * 3. Where too many are under way the rest waits in the store, and is looked for when there is room.
 */
import { z } from 'zod';
import { codeOf, ERRORS } from '../model/errors.ts';
import { keyString, type SessionKey } from '../model/ids.ts';
import { genServer, noreply, protocol } from '../otp/gen-server.ts';
import type { Self } from '../otp/self.ts';
import type { System } from '../otp/system.ts';
import type { Feed } from '../session/events/feed.ts';
import { type Answer, type Asked, answerFor } from './answer.ts';
import { type CanUseTool, suggestionOf, type Understood, understood } from './can-use-tool.ts';

/** Calls of the function at a time. */
const MAX_ASKING = 1_000;
/** When what could not be asked or answered is tried again. */
const RETRY_MS = 1_000;

export interface AnswererArgs {
  /** Whose calls it answers; undefined: nobody's, they wait for another answer. */
  readonly canUseTool: (key: SessionKey) => CanUseTool | undefined;
  readonly feed: Feed;
  /** The sessions of all tenants in which something waits. */
  readonly waiting: (system: System) => Promise<readonly SessionKey[]>;
  readonly asked: (key: SessionKey) => Promise<readonly Asked[]>;
  readonly approve: (key: SessionKey, answer: Answer) => Promise<unknown>;
  readonly log: { warn(fields: object, message: string): void };
}

/** One approval that is known here, and not decided yet. */
interface Question {
  readonly key: SessionKey;
  readonly asked: Asked;
  readonly ending: AbortController;
  /** `silent`: the function threw. */
  state: 'asking' | 'silent' | 'answered';
}

/** Which approval: turns of two sessions may have one id. */
interface Which {
  readonly key: SessionKey;
  readonly approvalId: string;
}

const answererProtocol = protocol({
  calls: {},
  infos: {
    /** Look for all that waits. */
    look: z.void(),
    /** Something waits in a session. */
    asks: z.custom<SessionKey>(),
    asked: z.custom<{ readonly key: SessionKey; readonly found: readonly Asked[] }>(),
    waiting: z.custom<readonly SessionKey[]>(),
    notSeen: z.custom<{ readonly error: unknown }>(),
    decided: z.custom<Which>(),
    turnEnded: z.custom<{ readonly key: SessionKey; readonly turnId: string }>(),
    answered: z.custom<{ readonly question: Question; readonly answer: Understood }>(),
    /** The function threw, or gave no answer. */
    silent: z.custom<{ readonly question: Question; readonly error: unknown }>(),
    refused: z.custom<{
      readonly question: Question;
      readonly answer: Understood;
      readonly error: unknown;
    }>(),
  },
});
type Protocol = typeof answererProtocol;
type AnswererSelf = Self<Protocol>;

interface State {
  readonly args: AnswererArgs;
  readonly open: Map<string, Question>;
  /** Calls of the function under way. */
  asking: number;
  /** There was no room for one: it is looked for when there is. */
  isBehind: boolean;
  isLookDue: boolean;
}

const AnswererServer = genServer(answererProtocol, {
  init: (args: AnswererArgs, self: AnswererSelf): State => {
    const open = new Map<string, Question>();
    self.own(listen(args.feed, self));
    self.own(() => {
      for (const question of open.values()) end(question);
    });
    self.send('look');
    return { args, open, asking: 0, isBehind: false, isLookDue: true };
  },

  handleCall: {},

  handleInfo: {
    look: (_, state, self) => {
      state.isLookDue = false;
      state.isBehind = false;
      self.pipe(
        state.args.waiting(self.system),
        (keys) => ['waiting', keys],
        (error) => ['notSeen', { error }],
      );
      return noreply(state);
    },
    waiting: (keys, state, self) => {
      for (const key of keys) see(state, self, key);
      return noreply(state);
    },
    asks: (key, state, self) => {
      see(state, self, key);
      return noreply(state);
    },
    asked: ({ key, found }, state, self) => {
      // What a tool asks itself is no permission: a person answers it.
      for (const asked of found) if (asked.question === undefined) ask(state, self, key, asked);
      return noreply(state);
    },
    notSeen: ({ error }, state, self) => {
      if (ERRORS[codeOf(error)].retryable) lookLater(state, self, RETRY_MS);
      else if (!GONE.has(codeOf(error)))
        state.args.log.warn({ err: error }, 'what waits for canUseTool could not be read');
      return noreply(state);
    },
    decided: (which, state) => {
      close(state, nameOf(which));
      return noreply(state);
    },
    turnEnded: ({ key, turnId }, state) => {
      for (const [name, question] of state.open)
        if (question.asked.turnId === turnId && keyString(question.key) === keyString(key))
          close(state, name);
      return noreply(state);
    },
    answered: ({ question, answer }, state, self) => {
      settle(state, self, question, 'answered');
      give(state, self, question, answer);
      return noreply(state);
    },
    silent: ({ question, error }, state, self) => {
      settle(state, self, question, 'silent');
      warn(state, question, error, 'canUseTool gave no answer: the call waits on for another one');
      return noreply(state);
    },
    refused: ({ question, answer, error }, state, self) => {
      const code = codeOf(error);
      if (ERRORS[code].retryable) self.sendAfter(RETRY_MS, 'answered', { question, answer });
      else if (!GONE.has(code))
        warn(state, question, error, 'an answer of canUseTool was refused: the call waits on');
      return noreply(state);
    },
  },

  redact: ({ open, asking, isBehind }) => ({ open: open.size, asking, isBehind }),
});

/** Another answer was first, or the session or its turn has gone on: that is in order. */
const GONE: ReadonlySet<string> = new Set([
  ...['approval_not_found', 'already_decided', 'session_not_found', 'session_deleted'],
]);

const nameOf = ({ key, approvalId }: Which): string => `${keyString(key)} ${approvalId}`;

const listen = (feed: Feed, self: AnswererSelf): (() => void) =>
  feed.subscribe(({ event: { key, turnId, body } }) => {
    if (body.type === 'permission.requested') self.send('asks', key);
    else if (body.type === 'permission.decided')
      self.send('decided', { key, approvalId: body.approvalId });
    else if (body.type === 'turn.finished') self.send('turnEnded', { key, turnId });
  });

const lookLater = (state: State, self: AnswererSelf, delayMs: number): void => {
  if (state.isLookDue) return;
  state.isLookDue = true;
  self.sendAfter(delayMs, 'look');
};

const see = ({ args }: State, self: AnswererSelf, key: SessionKey): void => {
  if (args.canUseTool(key) === undefined) return;
  self.pipe(
    args.asked(key),
    (found) => ['asked', { key, found }],
    (error) => ['notSeen', { error }],
  );
};

const ask = (state: State, self: AnswererSelf, key: SessionKey, asked: Asked): void => {
  const name = nameOf({ key, approvalId: asked.approvalId });
  const canUseTool = state.args.canUseTool(key);
  if (canUseTool === undefined || state.open.has(name)) return;
  if (state.asking >= MAX_ASKING) {
    state.isBehind = true;
    return;
  }
  const question: Question = { key, asked, ending: new AbortController(), state: 'asking' };
  state.open.set(name, question);
  state.asking += 1;
  self.pipe(
    answerOf(canUseTool, question),
    (answer) => ['answered', { question, answer }],
    (error) => ['silent', { question, error }],
  );
};

const answerOf = async (
  canUseTool: CanUseTool,
  { key, asked, ending }: Question,
): Promise<Understood> => {
  const { approvalId, turnId, toolUseId, toolName, input, reason, commands, files } = asked;
  const { tenant, sessionId } = key;
  const answer = await canUseTool(toolName, structuredClone(input), {
    ...{ signal: ending.signal, suggestions: asked.suggestions.map(suggestionOf) },
    ...{ toolUseID: toolUseId, approvalId, tenant, sessionId, turnId, reason, commands, files },
  });
  return understood(answer);
};

/** The function has returned: there is room for another call of it. */
const settle = (
  state: State,
  self: AnswererSelf,
  question: Question,
  how: 'answered' | 'silent',
): void => {
  if (question.state !== 'asking') return;
  question.state = how;
  state.asking -= 1;
  if (state.isBehind) lookLater(state, self, 0);
};

const give = (state: State, self: AnswererSelf, question: Question, answer: Understood): void => {
  const { open, args } = state;
  const { key, asked } = question;
  // Decided meanwhile, by another answer.
  if (open.get(nameOf({ key, approvalId: asked.approvalId })) !== question) return;
  if (answer.behavior === 'allow' && answer.unknown.length > 0)
    warn(state, question, undefined, 'only addRules, allow, session of its updates are applied');
  self.pipe(
    args.approve(key, answerFor(asked, answer)),
    () => ['decided', { key, approvalId: asked.approvalId }],
    (error) => ['refused', { question, answer, error }],
  );
};

/** It waits no longer. */
const close = ({ open }: State, name: string): void => {
  const question = open.get(name);
  if (question === undefined) return;
  open.delete(name);
  end(question);
};

const end = ({ ending, state }: Question): void => {
  if (state === 'asking') ending.abort();
};

const warn = (
  { args }: State,
  { key, asked: { approvalId, toolName, turnId } }: Question,
  error: unknown,
  message: string,
): void => args.log.warn({ ...key, turnId, approvalId, toolName, err: error }, message);

/** Needs the sessions and the catalog. */
export const answerer = (args: AnswererArgs) => AnswererServer.childSpec(args, { id: 'answerer' });
