/** What the compiler must reject. `tsc` is the judge: an expectation that is not needed is an error there. */
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { type DynamicRef, dynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
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
import type { Ref } from '../../src/otp/ref.ts';
import type { Self } from '../../src/otp/self.ts';
import type { System } from '../../src/otp/system.ts';

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
});
const plainProtocol = protocol({
  calls: { ping: { request: z.void(), reply: z.literal('pong') } },
});

const Account = genServer(accountProtocol, {
  init: ({ start }: { readonly start: number }, self) => {
    self.sendAfter(10, 'tick');
    self.send('done', 1);
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
  // @ts-expect-error wrong arguments of init
  await Account.start(system, { start: 'zero' });
  // @ts-expect-error a child needs an id
  Account.childSpec({ start: 0 }, {});
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
  genServer(accountProtocol, { init, handleCall, handleCast, handleInfo });

  // @ts-expect-error a call without a handler
  genServer(accountProtocol, { init, handleCall: { balance }, handleCast, handleInfo });
  // @ts-expect-error casts are declared, so they must be handled
  genServer(accountProtocol, { init, handleCall, handleInfo });
  // @ts-expect-error an info without a handler
  genServer(accountProtocol, { init, handleCall, handleCast, handleInfo: { tick: nothing } });
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
}

test('wrong uses of a protocol do not compile', () => {
  expectTypeOf([uses, names, wrongBehaviours, infos]).toBeArray();
});
