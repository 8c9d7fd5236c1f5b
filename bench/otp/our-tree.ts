/** The actors that our contestant is asked about, in one supervised tree: what a program of ours would declare. */
import { z } from 'zod';
import { type DynamicRef, dynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
import { genServer, noreply, protocol, reply } from '../../src/otp/gen-server.ts';
import { nameOf } from '../../src/otp/name.ts';
import type { Ref } from '../../src/otp/ref.ts';
import { type RegistryFace, registry } from '../../src/otp/registry.ts';
import { supervisor } from '../../src/otp/supervisor.ts';

const MANY = 10_000_000;

const counterProtocol = protocol({
  calls: { add: { request: z.number(), reply: z.number() } },
  casts: { add: z.number() },
});
export type CounterRef = Ref<typeof counterProtocol>;

export const namesName = nameOf<RegistryFace<number, CounterRef>>('names');
export const countersName = nameOf<DynamicRef<number, CounterRef>>('counters');
export const namedName = nameOf<DynamicRef<number, CounterRef>>('named');

export const Counter = genServer(counterProtocol, {
  init: (first: number) => first,
  handleCall: { add: (by, sum) => reply(sum + by, sum + by) },
  handleCast: { add: (by, sum) => noreply(sum + by) },
});

const NamedCounter = genServer(counterProtocol, {
  init: (key: number, self) => {
    self.system.fetch(namesName).register(key, self.ref, self.ref);
    return 0;
  },
  handleCall: { add: (by, sum) => reply(sum + by, sum + by) },
  handleCast: { add: (by, sum) => noreply(sum + by) },
});

/** What one that crashes tells whoever waits for its successor. */
export interface Watcher {
  crashing(): void;
  up(ref: FragileRef): void;
}

const fragileProtocol = protocol({ calls: {}, casts: { crash: z.void() } });
export type FragileRef = Ref<typeof fragileProtocol>;

const Fragile = genServer(fragileProtocol, {
  init: (watcher: Watcher, self): Watcher => {
    watcher.up(self.ref);
    return watcher;
  },
  handleCall: {},
  handleCast: {
    crash: (_, watcher: Watcher) => {
      watcher.crashing();
      throw new Error('a crash');
    },
  },
});

export interface Asked {
  readonly other: CounterRef;
  /** Told how long the answer took to come. */
  readonly answered: (ns: number) => void;
}

/** Calls another actor from inside its own turn. */
export const Asker = genServer(
  protocol({
    calls: { asked: { request: z.void(), reply: z.number() } },
    casts: { ask: z.custom<Asked>(), idle: z.void() },
  }),
  {
    init: () => 0,
    handleCall: { asked: (_, asked) => reply(asked, asked) },
    handleCast: {
      ask: ({ other, answered }, asked) => {
        const from = process.hrtime.bigint();
        void other.call('add', 1).then(() => answered(Number(process.hrtime.bigint() - from)));
        return noreply(asked + 1);
      },
      idle: (_, asked) => noreply(asked),
    },
  },
);

export const treeWith = (watcher: Watcher) =>
  supervisor({
    id: 'root',
    strategy: 'one_for_one',
    children: [
      registry({ id: 'names', name: namesName }),
      dynamicSupervisor({
        id: 'counters',
        name: countersName,
        maxChildren: MANY,
        child: (key) => Counter.childSpec(0, { id: `${key}`, restart: 'temporary' }),
      }),
      dynamicSupervisor({
        id: 'named',
        name: namedName,
        maxChildren: MANY,
        child: (key) => NamedCounter.childSpec(key, { id: `${key}`, restart: 'temporary' }),
      }),
      supervisor({
        id: 'fragile',
        strategy: 'one_for_one',
        maxRestarts: MANY,
        maxSeconds: 1,
        children: [Fragile.childSpec(watcher, { id: 'fragile' })],
      }),
    ],
  });
