/**
 * Looks at the running parts when somebody asks: for readiness and for metrics. It finds each by its name every time,
 * because it may have been restarted.
 *
 * However many ask at once, one look is under way, and it has a deadline (P6).
 */
import type { Metrics } from '../metrics/metrics.ts';
import { type Read, readFamilies } from '../metrics/readings.ts';
import { textOf } from '../metrics/text-format.ts';
import { apiName } from '../nats/api.ts';
import { intakeName } from '../nats/intake.ts';
import { linkName } from '../nats/link.ts';
import type { Timer } from '../otp/clock.ts';
import type { System } from '../otp/system.ts';
import { version } from '../platform/version.ts';
import { type Catalog, catalogName } from '../session/ports/catalog.ts';
import { type Journal, journalName } from '../session/ports/journal.ts';
import { textIndexName } from '../session/ports/text-index.ts';
import type { SessionRuntime } from '../session/runtime/session-args.ts';
import { type Condition, type Readiness, readinessOf } from './readiness.ts';

export interface Observed {
  /** false while the daemon starts. */
  readonly isUp: () => boolean;
  readonly wantsBroker: boolean;
  readonly runtime: Pick<SessionRuntime, 'activity' | 'cache' | 'memory'>;
  readonly metrics: Metrics;
}

/** The catalog answers at once unless it gives way to long searches. */
const LOOK_MS = 2_000;

export class Observer {
  readonly #system: System;
  readonly #observed: Observed;
  #look: Promise<string> | undefined;

  constructor(system: System, observed: Observed) {
    this.#system = system;
    this.#observed = observed;
  }

  readiness(): Readiness {
    return readinessOf(this.#condition());
  }

  /** As text, in the format of Prometheus. */
  metrics(): Promise<string> {
    this.#look ??= this.#allMetrics().finally(() => {
      this.#look = undefined;
    });
    return this.#look;
  }

  #condition(): Condition {
    const { isUp, wantsBroker, runtime } = this.#observed;
    return {
      isUp: isUp(),
      isDraining: runtime.activity.isDraining,
      store: storeIn(this.#system.find(journalName)),
      broker: wantsBroker ? this.#broker() : 'not_wanted',
    };
  }

  #broker(): Condition['broker'] {
    const system = this.#system;
    if (system.find(linkName)?.isConnected() !== true) return 'away';
    const isServed = system.find(intakeName) !== undefined && system.find(apiName) !== undefined;
    return isServed ? 'connected' : 'unserved';
  }

  async #allMetrics(): Promise<string> {
    const waiting = await this.#waitingSessions();
    return textOf([...readFamilies(this.#read(waiting)), ...this.#observed.metrics.families()]);
  }

  /** undefined: the catalog does not say it in time, or is being restarted. */
  async #waitingSessions(): Promise<number | undefined> {
    const { clock } = this.#system;
    const catalog = this.#system.find(catalogName);
    if (catalog === undefined) return undefined;
    let timer: Timer | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = clock.setTimeout(() => resolve(undefined), LOOK_MS);
    });
    try {
      return await Promise.race([countWaiting(catalog).catch(() => undefined), late]);
    } finally {
      timer?.cancel();
    }
  }

  #read(waitingSessions: number | undefined): Read {
    const { runtime, wantsBroker } = this.#observed;
    const condition = this.#condition();
    const catalog = this.#system.find(catalogName)?.stats();
    return {
      version,
      ready: flag(readinessOf(condition).status === 'ready'),
      liveSessions: runtime.cache.sessions,
      busySessions: runtime.activity.size,
      waitingSessions,
      knownSessions: catalog?.sessions,
      liveBytes: runtime.memory.slabs.usedBytes,
      catalogBytes: catalog?.bytes,
      brokerConnected: wantsBroker ? flag(condition.broker !== 'away') : undefined,
      queueInHand: this.#system.find(intakeName)?.stats.inHand,
      storeReadOnly: condition.store === 'away' ? undefined : flag(condition.store !== 'good'),
      ...storeReadings(this.#system.find(journalName)),
      ...textReadings(this.#system),
      ...processReadings(),
    };
  }
}

const flag = (is: boolean): number => (is ? 1 : 0);

const storeIn = (journal: Journal | undefined): Condition['store'] =>
  journal === undefined ? 'away' : (journal.info().readOnlyBecause ?? 'good');

const countWaiting = async (catalog: Catalog): Promise<number> => {
  let waiting = 0;
  for (const tenant of catalog.tenants())
    waiting += (await catalog.count(tenant, { status: ['waiting'] })).sessions;
  return waiting;
};

const storeReadings = (journal: Journal | undefined) => {
  const { fileBytes, freeBytes } = journal?.info() ?? {};
  const { waiting, syncs } = journal?.stats() ?? {};
  return {
    storeWaiting: waiting,
    storeFileBytes: fileBytes ?? undefined,
    storeFreeBytes: freeBytes ?? undefined,
    storeSyncs: syncs,
  };
};

const textReadings = (system: System) => {
  const lag = system.find(textIndexName)?.lag();
  return {
    textLag: lag === undefined ? undefined : lag.textLagMs / 1_000,
    textWaiting: lag?.textWaiting,
  };
};

const processReadings = () => {
  const { user, system } = process.cpuUsage();
  return {
    residentBytes: process.memoryUsage.rss(),
    cpuSeconds: (user + system) / 1e6,
    startSeconds: performance.timeOrigin / 1_000,
  };
};
