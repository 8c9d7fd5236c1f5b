/**
 * A daemon of a simulation: the real supervisors of storage, sessions and recovery over a journal in memory, with an
 * executor that follows a script. What was committed outlives it, as a disk does; nothing else.
 */

import { runtimeOf } from '../../../src/app/runtime.ts';
import { BudgetBook } from '../../../src/budgets/book.ts';
import { defaultConfig } from '../../../src/config/config.ts';
import { alarms } from '../../../src/housekeeping/alarms.ts';
import { Metrics } from '../../../src/metrics/metrics.ts';
import { genServer, protocol } from '../../../src/otp/gen-server.ts';
import {
  type ChildSpec,
  formatReport,
  type Report,
  type SupervisorRef,
  System,
  startTree,
  type TreeNode,
} from '../../../src/otp/index.ts';
import { supervisor } from '../../../src/otp/supervisor.ts';
import { createLog } from '../../../src/platform/log.ts';
import { catalogServer } from '../../../src/search/catalog/catalog-server.ts';
import { Sessions } from '../../../src/session/api/sessions.ts';
import { Feed } from '../../../src/session/events/feed.ts';
import { journalName } from '../../../src/session/ports/journal.ts';
import type { StoredJournal } from '../../../src/storage/journal/stored-journal.ts';
import { SyncGate } from '../../../src/storage/lmdb/sync-gate.ts';
import { memoryJournal } from '../../../src/storage/memory/memory-journal.ts';
import type { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import { Dice } from '../../../src/testing/dice.ts';
import { SeededRunQueue } from '../../../src/testing/seeded-run-queue.ts';
import type { Simulation } from '../../../src/testing/simulation.ts';
import type { Parts } from '../../../supervisors/parts.ts';
import { recovery } from '../../../supervisors/recovery.ts';
import { sessions as sessionsBelow } from '../../../supervisors/sessions.ts';
import { FakeDaemon } from '../../support/fake-daemon.ts';
import { delayReads, type Lateness } from '../../support/late-reads.ts';
import { type Studio, scriptedExecutor } from './scripted-executor.ts';

const MODEL = 'claude-sonnet-5';

/** The disk: what is in `store` is there for good. */
export interface Disk {
  readonly store: MemoryStore;
}

/** What a daemon gets wrong, for tests of the test; or what is hard for it. */
export interface Mistakes {
  /** Reads of the journal take their time, as those of a server do. */
  readonly areReadsLate?: boolean;
  /** What sessions get to hold as the journal. */
  readonly journal?: (journal: StoredJournal) => StoredJournal;
  readonly sessions?: (sessions: Sessions) => void;
}

interface JournalArgs {
  readonly disk: Disk;
  readonly mistakes: Mistakes;
  readonly lateness: Lateness;
  /** Of the journal that lives now; one that is dead never syncs what it still holds. */
  readonly gates: SyncGate[];
  /** Its process is gone: nothing of it opens the store any more, which nothing else keeps it from in memory. */
  readonly isGone: () => boolean;
}

const Journal = genServer(protocol({ calls: {} }), {
  init: ({ disk, gates, mistakes, lateness, isGone }: JournalArgs, self) => {
    if (isGone()) throw new Error('its process is gone');
    const gate = new SyncGate();
    gates.push(gate);
    const { clock } = self.system;
    const journal = memoryJournal({ gate, store: disk.store, clock });
    if (mistakes.areReadsLate === true) delayReads(journal, lateness);
    self.own(() => {
      gate.hold();
      journal.fence('the journal restarts');
    });
    self.register(journalName, mistakes.journal?.(journal) ?? journal);
    return journal;
  },
  handleCall: {},
  redact: (journal) => journal.info(),
});

export class Daemon {
  readonly system: System;
  readonly sessions: Sessions;
  readonly #gates: SyncGate[] = [];
  #root: SupervisorRef | undefined;
  #isDead = false;

  constructor(simulation: Simulation, disk: Disk, studio: Studio, mistakes: Mistakes = {}) {
    const { clock, dice, trace } = simulation;
    const scheduler = new SeededRunQueue(clock, dice.fork(), trace);
    const onReport = (report: Report) => trace.note(formatReport(report));
    this.system = new System({ clock, random: dice.fork().next, scheduler, onReport });
    const config = defaultConfig({ provider: 'rehearsal', store: 'memory:' }, MODEL);
    const feed = new Feed((error) => studio.wrong(`a listener threw: ${error}`));
    const budgets = new BudgetBook(undefined);
    const runtime = runtimeOf(config, feed, { budgets });
    this.sessions = new Sessions(this.system, runtime);
    mistakes.sessions?.(this.sessions);
    const parts: Parts = {
      config,
      bus: { wanted: false },
      log: createLog({ level: 'silent' }),
      feed,
      runtime,
      budgets,
      sessions: this.sessions,
      hookTable: () => ({}),
      testHooks: {},
      collectGarbage: undefined,
      mcpServers: [],
      connectors: [],
      ownTools: { functions: [], modules: [] },
      canUseTool: undefined,
      lent: undefined,
      retentionRules: [],
      targets: [],
      agentTypes: [],
      ...{ servesHttp: false, metrics: new Metrics(clock), isUp: () => true },
      daemon: new FakeDaemon(),
      onFatal: (error) => studio.wrong(`the store failed: ${error.message}`),
    };
    const isGone = () => this.#isDead;
    const lateness = latenessOf(clock, new Dice(simulation.seed));
    const journal = { disk, mistakes, lateness, gates: this.#gates, isGone };
    void this.#start(declaration(parts, journal, studio), studio);
  }

  get alive(): boolean {
    return !this.#isDead && this.#root?.alive !== false;
  }

  /** One of the root's children. */
  node(id: string): TreeNode | undefined {
    if (this.#root === undefined) return undefined;
    return this.system.tree(this.#root).children.find((child) => child.id === id);
  }

  /** Commits wait until the disk has time. */
  hold(): void {
    this.#gates.at(-1)?.hold();
  }

  release(): void {
    if (!this.#isDead) this.#gates.at(-1)?.release();
  }

  /** As `kill -9` does it: what is not on the disk is lost. */
  die(): void {
    this.hold();
    this.#isDead = true;
    if (this.#root !== undefined) this.system.exit(this.#root, 'kill');
  }

  async #start(spec: ChildSpec, studio: Studio): Promise<void> {
    try {
      this.#root = await startTree(this.system, spec);
      if (this.#isDead) this.die();
    } catch {
      studio.count('daemon that did not start');
      this.#isDead = true;
    }
  }
}

/** Mostly a round trip, sometimes a bad moment of the network. */
const latenessOf =
  (clock: Simulation['clock'], dice: Dice): Lateness =>
  () =>
    new Promise((resolve) => {
      const ms = dice.pick([0, 0, 0, 1, 1, 5, 300]);
      if (ms === 0) clock.defer(resolve);
      else clock.setTimeout(resolve, ms);
    });

/** As `supervisors/greenroom.ts` has it, without doors and companions; faults come too often for its budgets. */
const declaration = (parts: Parts, journal: JournalArgs, studio: Studio): ChildSpec =>
  supervisor({
    id: 'greenroom',
    strategy: 'rest_for_one',
    maxRestarts: 1_000,
    maxSeconds: 1,
    children: [
      supervisor({
        id: 'storage',
        strategy: 'rest_for_one',
        maxRestarts: 1_000,
        maxSeconds: 1,
        children: [Journal.childSpec(journal, { id: 'journal' }), catalogServer()],
      }),
      sessionsBelow(parts),
      scriptedExecutor(studio),
      recovery(parts),
      alarms({ ring: (key, kind) => parts.sessions.ring(key, kind) }),
    ],
  });
