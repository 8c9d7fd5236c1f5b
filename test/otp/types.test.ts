/** What the compiler must reject. `tsc` is the judge: an expectation that is not needed is an error there. */
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { startChild } from '../../src/otp/administration.ts';
import type { DuplicateRegistryFace } from '../../src/otp/duplicate-registry.ts';
import { type DynamicRef, dynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
import type { ExitReason } from '../../src/otp/exit-reason.ts';
import {
  type Behaviour,
  genServer,
  noreply,
  protocol,
  reply,
  replyAfter,
  stop,
} from '../../src/otp/gen-server.ts';
import { type Name, nameOf } from '../../src/otp/name.ts';
import type { ActorRef, Ref } from '../../src/otp/ref.ts';
import type { Self } from '../../src/otp/self.ts';
import { supervisor } from '../../src/otp/supervisor.ts';
import type { System } from '../../src/otp/system.ts';
import type { TaskRunner } from '../../src/otp/task.ts';

const accountProtocol = protocol({
  calls: {
    deposit: {
      request: z.strictObject({ cents: z.int() }),
      reply: z.strictObject({ balance: z.int() }),
    },
    balance: { request: z.void(), reply: z.int() },
  },
  casts: { touch: z.void(), rename: z.string() },
  infos: { tick: z.void(), done: z.int() },
  continues: { load: z.string(), flush: z.void() },
});
const plainProtocol = protocol({
  calls: { ping: { request: z.void(), reply: z.literal('pong') } },
});

const Account = genServer(accountProtocol, {
  init: ({ start }: { readonly start: number }, self) => {
    self.sendAfter(10, 'tick');
    self.send('done', 1);
    self.continue('load', 'savings');
    self.idleAfter(1_000);
    return { balance: start };
  },
  handleCall: {
    deposit: ({ cents }, { balance }) =>
      reply({ balance: balance + cents }, { balance: balance + cents }),
    balance: (_, state) =>
      replyAfter(Promise.resolve(1), (s, one) => reply(s.balance + one, state)),
  },
  handleCast: {
    touch: (_, state) => noreply(state),
    rename: (_text, state) => stop('normal', state),
  },
  handleContinue: {
    load: (_name, state, self) => {
      self.continue('flush');
      return noreply(state);
    },
    flush: (_, state) => noreply(state),
  },
  handleIdle: (state) => stop('normal', state),
  handleInfo: {
    tick: (_, state) => noreply(state),
    done: (n, state, self) => {
      self.pipe(
        Promise.resolve(n),
        (m) => ['done', m + 1],
        () => ['tick'],
      );
      return noreply(state);
    },
  },
});

const accountName = nameOf<Ref<typeof accountProtocol>>('account');

const Plain = genServer(plainProtocol, {
  init: (_: undefined) => 0,
  handleCall: { ping: (_, n) => reply('pong', n) },
});

/** Never run: only its types are looked at. */
async function uses(account: Ref<typeof accountProtocol>, system: System) {
  expectTypeOf(await account.call('deposit', { cents: 1 })).toEqualTypeOf<{ balance: number }>();
  expectTypeOf(await account.call('balance')).toEqualTypeOf<number>();
  await account.call('balance', undefined, { timeoutMs: 100 });
  account.cast('touch');
  account.cast('rename', 'savings');
  await account.castOrWait('touch');
  await account.castOrWait('rename', 'savings', { timeoutMs: 100 });
  await account.call('balance', undefined, { whenFull: 'wait' });

  // @ts-expect-error no such call
  await account.call('withdraw', { cents: 1 });
  // @ts-expect-error a wrong request
  await account.call('deposit', { cents: 'one' });
  // @ts-expect-error a request that is missing
  await account.call('deposit');
  // @ts-expect-error a request where none is declared
  await account.call('balance', { cents: 1 });
  // @ts-expect-error a wrong reply
  (await account.call('balance')).toUpperCase();
  // @ts-expect-error a cast is not a call
  await account.call('touch');
  // @ts-expect-error a call is not a cast
  account.cast('balance');
  // @ts-expect-error a wrong message
  account.cast('rename', 1);
  // @ts-expect-error infos are the actor's own
  account.cast('tick');
  // @ts-expect-error so are continues
  account.cast('flush');
  // @ts-expect-error a wrong message, also for who waits
  await account.castOrWait('rename', 1);
  // @ts-expect-error a cast that is not declared
  await account.castOrWait('close');
  // @ts-expect-error no such policy
  await account.call('balance', undefined, { whenFull: 'drop' });
  // @ts-expect-error a reply that nobody declared is not there
  void (await account.call('deposit', { cents: 1 })).interest;
  // @ts-expect-error the ref of one protocol is not that of another
  account satisfies Ref<typeof plainProtocol>;
  // @ts-expect-error wrong arguments of init
  await Account.start(system, { start: 'zero' });
  // @ts-expect-error a child needs an id
  Account.childSpec({ start: 0 }, {});
  // @ts-expect-error a name of another protocol
  Plain.childSpec(undefined, { id: 'plain', name: accountName });
  // @ts-expect-error no such restart
  Account.childSpec({ start: 0 }, { id: 'account', restart: 'always' });
}

async function administration(supervised: ActorRef) {
  const spec = Account.childSpec({ start: 0 }, { id: 'account', name: accountName });
  const started = await startChild(supervised, spec);
  expectTypeOf(started).toEqualTypeOf<Ref<typeof accountProtocol> | undefined>();
  // @ts-expect-error a child may be not wanted: then there is no ref
  await started.call('balance');
  // @ts-expect-error a strategy that nobody knows
  supervisor({ id: 's', strategy: 'one_for_some', children: [spec] });
  // @ts-expect-error children are specifications
  supervisor({ id: 's', strategy: 'one_for_one', children: [Account] });
}

async function work(tasks: TaskRunner) {
  expectTypeOf(await tasks.run(() => 1)).toEqualTypeOf<number>();
  expectTypeOf(await tasks.async(async () => 'one').await()).toEqualTypeOf<string>();
  for await (const outcome of tasks.stream([1, 2], (n) => `${n}`))
    if (outcome.ok) expectTypeOf(outcome.value).toEqualTypeOf<string>();
    else expectTypeOf(outcome.reason).toEqualTypeOf<ExitReason>();
  // @ts-expect-error items of another type
  tasks.stream(['one'], (n: number) => n);
  // @ts-expect-error no such order
  tasks.stream([1], (n) => n, { onTimeout: 'wait' });
}

function tables(system: System, ref: ActorRef) {
  const topics = system.fetch(nameOf<DuplicateRegistryFace<'news', number>>('topics'));
  topics.register('news', ref, 1);
  // @ts-expect-error a key that is not one
  topics.register('sport', ref, 1);
  // @ts-expect-error a value of another type
  topics.register('news', ref, 'one');
}

function names(system: System) {
  const name = nameOf<DynamicRef<string, Ref<typeof accountProtocol>>>('accounts');
  const account = (id: string) => Account.childSpec({ start: 0 }, { id });
  const plain = (id: string) => Plain.childSpec(undefined, { id });
  dynamicSupervisor({ id: 'accounts', name, maxChildren: 1, child: account });
  expectTypeOf(system.fetch(name).find('a')).toEqualTypeOf<
    Ref<typeof accountProtocol> | undefined
  >();
  // @ts-expect-error the children are of another protocol
  dynamicSupervisor({ id: 'accounts', name, maxChildren: 1, child: plain });
  const rooms = nameOf<DynamicRef<string, ActorRef, [slots: number]>>('rooms');
  void system.fetch(rooms).ensure('blue', 12);
  // @ts-expect-error arguments that are missing
  void system.fetch(rooms).ensure('blue');
  const dated = (id: string, _: Date) => plain(id);
  // @ts-expect-error a child whose arguments are others
  dynamicSupervisor({ id: 'r', name: rooms, maxChildren: 1, child: dated });
  // @ts-expect-error a key of another type
  void system.fetch(name).ensure(1);
  // @ts-expect-error a name is of one type
  nameOf<number>('n') satisfies Name<string>;
}

type Accounts = Behaviour<typeof accountProtocol, undefined, number>;

function wrongBehaviours() {
  const nothing = (_: unknown, n: number) => noreply(n);
  const deposit = (_: unknown, n: number) => reply({ balance: n }, n);
  const balance = (_: unknown, n: number) => reply(n, n);
  const init = (_: undefined) => 0;
  const handleCall = { deposit, balance };
  const handleCast = { touch: nothing, rename: nothing };
  const handleInfo = { tick: nothing, done: nothing };
  const handleContinue = { load: nothing, flush: nothing };
  const rest = { init, handleContinue };
  genServer(accountProtocol, { ...rest, handleCall, handleCast, handleInfo });

  // @ts-expect-error a call without a handler
  genServer(accountProtocol, { ...rest, handleCall: { balance }, handleCast, handleInfo });
  // @ts-expect-error casts are declared, so they must be handled
  genServer(accountProtocol, { ...rest, handleCall, handleInfo });
  // @ts-expect-error an info without a handler
  genServer(accountProtocol, { ...rest, handleCall, handleCast, handleInfo: { tick: nothing } });
  // @ts-expect-error continues are declared, so they must be handled
  genServer(accountProtocol, { init, handleCall, handleCast, handleInfo });
  // @ts-expect-error an actor without init
  genServer(plainProtocol, { handleCall: { ping: (_: unknown, n: number) => reply('pong', n) } });
  const answers = (_: unknown, n: number) => reply('pung', n);
  // @ts-expect-error a reply that is not declared
  genServer(plainProtocol, { init, handleCall: { ping: answers } });
  // @ts-expect-error a wrong reply
  ((_, n) => reply('one', n)) satisfies Accounts['handleCall']['balance'];
  // @ts-expect-error a wrong state
  ((_, n) => reply(n, 'state')) satisfies Accounts['handleCall']['balance'];
  // @ts-expect-error an asynchronous handler
  (async (_, n) => reply(n, n)) satisfies Accounts['handleCall']['balance'];
  // @ts-expect-error a cast handler that replies
  ((_, n) => reply(n, n)) satisfies Accounts['handleCast']['touch'];
}

function infos(self: Self<typeof accountProtocol>) {
  // @ts-expect-error no such info
  self.send('tock');
  // @ts-expect-error a wrong message
  self.sendAfter(1, 'done', 'one');
  // @ts-expect-error a message that is missing
  self.sendEvery(1, 'done');
  // @ts-expect-error no such step
  self.continue('tick');
  // @ts-expect-error a wrong message
  self.continue('load', 1);
}

test('wrong uses of a protocol do not compile', () => {
  expectTypeOf([uses, administration, work, tables]).toBeArray();
  expectTypeOf([names, wrongBehaviours, infos]).toBeArray();
});
