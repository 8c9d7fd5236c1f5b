/** A fresh world per test, and a puppet: an actor that does what the test tells it and notes what happens to it. */
import { z } from 'zod';
import type { ChildOptions, ChildSpec } from '../../src/otp/child-spec.ts';
import type { ExitReason } from '../../src/otp/exit-reason.ts';
import {
  type CallResult,
  genServer,
  noreply,
  protocol,
  reply,
  stop,
} from '../../src/otp/gen-server.ts';
import type { From } from '../../src/otp/message.ts';
import { type Name, nameOf } from '../../src/otp/name.ts';
import type { IGNORE } from '../../src/otp/program.ts';
import type { ActorRef, Ref } from '../../src/otp/ref.ts';
import type { Self } from '../../src/otp/self.ts';
import { type TestSystem, testSystem } from '../../src/testing/test-system.ts';

export interface World extends TestSystem {
  /** What puppets noted, in order. */
  readonly notes: string[];
}

export function world(): World {
  return { ...testSystem(), notes: [] };
}

type Act = (self: Self<PuppetProtocol>, from: From<unknown>) => unknown;

type Step = (self: Self<PuppetProtocol>) => void;

export type PuppetProtocol = typeof puppetProtocol;
const puppetProtocol = protocol({
  calls: {
    /** Runs the function in the actor's turn and answers with what it returns. */
    act: { request: z.custom<Act>(), reply: z.unknown() },
    /** Runs the function in the actor's turn and returns what it returns to the loop. */
    handle: {
      request: z.custom<(from: From<unknown>, state: number) => CallResult<unknown, number>>(),
      reply: z.unknown(),
    },
    state: { request: z.void(), reply: z.number() },
    stop: { request: z.custom<ExitReason>(), reply: z.void() },
    crash: { request: z.void(), reply: z.void() },
  },
  casts: { note: z.string(), crash: z.void() },
  infos: { note: z.string() },
  continues: { note: z.string(), act: z.custom<Step>() },
});

export type Puppet = Ref<PuppetProtocol>;

export interface Script {
  readonly name: string;
  readonly notes: string[];
  readonly init?: (self: Self<PuppetProtocol>) => unknown;
  readonly terminate?: (reason: ExitReason) => void | Promise<void>;
  readonly redact?: () => unknown;
  readonly redactMessage?: () => unknown;
}

const Puppets = genServer(puppetProtocol, {
  init: (script: Script, self): Promise<State | typeof IGNORE> | State | typeof IGNORE => {
    const first = (given: unknown): State | typeof IGNORE =>
      typeof given === 'symbol' ? (given as typeof IGNORE) : { script, count: Number(given ?? 0) };
    const given = script.init?.(self);
    script.notes.push(`+${script.name}`);
    return given instanceof Promise ? given.then(first) : first(given);
  },
  handleCall: {
    act: (act, state, self, from) => reply(act(self, from), state),
    handle: (handle, state, _self, from) => {
      const result = handle(from, state.count);
      if (result?.do !== 'replyAfter' && result) {
        return { ...result, state: { ...state, count: result.state } };
      }
      if (result?.do !== 'replyAfter') return result;
      const { promise, resume } = result;
      const then = (later: State, value: unknown) => {
        const next = resume(later.count, value);
        return { ...next, state: { ...later, count: next.state } };
      };
      return { do: 'replyAfter', promise, resume: then };
    },
    state: (_, state) => reply(state.count, state),
    stop: (reason, state) => stop(reason, state),
    crash: () => {
      throw new Error('boom');
    },
  },
  handleCast: {
    note: (text, state) => note(state, text),
    crash: () => {
      throw new Error('boom');
    },
  },
  handleInfo: { note: (text, state) => note(state, text) },
  handleContinue: {
    note: (text, state) => note(state, text),
    act: (act, state, self) => {
      act(self);
      return noreply(state);
    },
  },
  handleIdle: (state) => note(state, 'idle'),
  handleDown: ({ ref, reason }, state) => note(state, `down ${ref.label} ${words(reason)}`),
  handleExit: ({ ref, reason }, state) => note(state, `exit ${ref?.label} ${words(reason)}`),
  terminate: (reason, { script }) => {
    script.notes.push(`-${script.name}`);
    return script.terminate?.(reason);
  },
  redactMessage: ({ payload }, { script }) => script.redactMessage?.() ?? payload,
  redact: ({ script, count }) => script.redact?.() ?? { count },
});

interface State {
  readonly script: Script;
  readonly count: number;
}

const note = (state: State, text: string) => {
  state.script.notes.push(text);
  return noreply(state);
};

const words = (reason: ExitReason) =>
  typeof reason === 'string' ? reason : Object.keys(reason)[0];

type Options = Partial<ChildOptions> &
  Omit<Script, 'name' | 'notes'> & { readonly name?: Name<Puppet> };

/** A puppet outside any tree. */
export const puppet = (world: World, name: string, options: Options = {}): Promise<Puppet> =>
  Puppets.start(world.system, { ...options, name, notes: world.notes }, { id: name, ...options });

/** A puppet as a child; `findPuppet` finds the one that lives under its name now. */
export const child = (world: World, name: string, options: Options = {}): ChildSpec<Puppet> =>
  Puppets.childSpec(
    {
      ...options,
      name,
      notes: world.notes,
      init: (self) => {
        self.register(nameOf<Puppet>(name), self.ref);
        return options.init?.(self);
      },
    },
    { id: name, ...options },
  );

export const findPuppet = ({ system }: World, name: string): Puppet =>
  system.fetch(nameOf<Puppet>(name));

/** Makes the child that lives under a name now crash, and waits until its supervisor has dealt with it. */
export async function crash(world: World, name: string): Promise<void> {
  findPuppet(world, name).cast('crash');
  await world.clock.settle();
}

export async function kill({ system, clock }: World, ref: ActorRef): Promise<void> {
  system.exit(ref, 'kill');
  await clock.settle();
}

/** A promise and its ends. */
export function deferred<T = void>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
