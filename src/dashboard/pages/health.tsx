/** How the daemon is: what it runs with, what it has done, and its values while one looks. */
import { useEffect, useState } from 'preact/hooks';
import { askDaemon, askSessions } from '../ground/ask.ts';
import type { SessionsReplies, StatusView } from '../ground/replies.ts';
import { now, useAsked } from '../ground/time.ts';
import { bytes, count, money, short, until } from '../ground/words.ts';
import { Line } from '../parts/chart.tsx';
import { Loading } from '../parts/loading.tsx';
import { Ago } from '../parts/moment.tsx';
import { Trouble } from '../parts/problem.tsx';

const EVERY_MS = 2_000;
/** Values that are kept of each line. */
const KEPT = 90;

interface Sample {
  readonly atMs: number;
  /** How long the daemon took to answer. */
  readonly answerMs: number;
  readonly status: StatusView;
  readonly all: SessionsReplies['count'];
}

const sampleOf = async (end: AbortSignal): Promise<Sample> => {
  const beganMs = performance.now();
  const status = await askDaemon('status', {}, end);
  const answerMs = performance.now() - beganMs;
  return { atMs: Date.now(), answerMs, status, all: await askSessions('count', {}, end) };
};

export const Health = () => {
  const { value: sample, problem } = useAsked(sampleOf, [], EVERY_MS);
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  useEffect(() => {
    if (sample !== undefined) setSamples((before) => [...before.slice(1 - KEPT), sample]);
  }, [sample]);
  return (
    <div class="health">
      <h1>Health</h1>
      <Trouble problem={problem} />
      {sample === undefined && problem === undefined ? <Loading /> : null}
      {sample === undefined ? null : <Shown status={sample.status} samples={samples} />}
    </div>
  );
};

const Shown = ({
  status,
  samples,
}: {
  readonly status: StatusView;
  readonly samples: readonly Sample[];
}) => {
  const { journal, catalog } = status;
  const commits = rates(samples, ({ status: { journal: j } }) => j?.commits ?? 0);
  const written = rates(samples, ({ status: { journal: j } }) => j?.bytesWritten ?? 0);
  const turns = rates(samples, ({ all }) => 60 * all.turns);
  const spent = rates(samples, ({ all }) => 60 * all.costUsd);
  return (
    <>
      {journal?.readOnlyBecause == null ? null : (
        <p class="trouble" role="alert">
          New work is refused: <code>{journal.readOnlyBecause}</code>
        </p>
      )}
      {status.warnings.map((warning) => (
        <p key={warning} class="trouble">
          {warning}
        </p>
      ))}
      <div class="lines">
        <Line title="Turns a minute" values={turns} shown={(value) => value.toFixed(0)} />
        <Line title="Money a minute" values={spent} shown={money} />
        <Line
          title="Answers in"
          values={samples.map(({ answerMs }) => answerMs)}
          shown={(value) => `${value.toFixed(0)} ms`}
        />
        <Line title="Commits a second" values={commits} shown={(value) => value.toFixed(1)} />
        <Line
          title="Bytes written a second"
          values={written}
          shown={(value) => bytes(Math.round(value))}
        />
        <Line title="Memory" values={samples.map(({ status: s }) => s.memoryBytes)} shown={bytes} />
        <Line
          title="Live sessions"
          values={samples.map(({ status: s }) => s.liveSessions)}
          shown={short}
        />
      </div>
      <dl class="card">
        <Fact name="Version" value={status.version} />
        <div>
          <dt>Started</dt>
          <dd>
            <Ago at={status.startedAt} />, process {status.pid}
          </dd>
        </div>
        <Fact name="Answers come from" value={`${status.provider}, ${status.model}`} />
        <Fact name="Broker" value={status.broker ?? 'another one'} />
        <Fact name="Sessions" value={catalog === null ? '?' : count(catalog.sessions)} />
        <Fact name="Store" value={journal?.path ?? 'in memory'} />
        <Fact name="Of it on disk" value={bytes(journal?.fileBytes ?? null)} />
        <Fact name="Free there" value={bytes(journal?.freeBytes ?? null)} />
        <Fact name="Commits" value={count(journal?.commits ?? 0)} />
        <Fact name="Failed commits" value={count(journal?.failedCommits ?? 0)} />
        <Fact name="Memory" value={bytes(status.memoryBytes)} />
        {status.backup === null ? null : <Backup backup={status.backup} />}
      </dl>
    </>
  );
};

/** A counter's growth per second between each two samples. */
const rates = (samples: readonly Sample[], of: (sample: Sample) => number): readonly number[] =>
  samples.slice(1).map((sample, at) => {
    const before = samples[at] ?? sample;
    const seconds = Math.max(0.001, (sample.atMs - before.atMs) / 1_000);
    return Math.max(0, of(sample) - of(before)) / seconds;
  });

const Backup = ({ backup }: { readonly backup: NonNullable<StatusView['backup']> }) => (
  <div>
    <dt>Backup elsewhere</dt>
    <dd>
      {backup.lastAt === null ? 'none yet' : <Ago at={backup.lastAt} />}
      {backup.nextAt === null ? null : `; the next one: ${until(backup.nextAt, now.value)}`}
      {backup.error === null ? null : <p class="bad">it failed: {backup.error}</p>}
    </dd>
  </div>
);

const Fact = ({ name, value }: { readonly name: string; readonly value: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);
