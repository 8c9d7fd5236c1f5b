/**
 * The daemon is killed with SIGKILL, again and again, under load, at random and at every named crash
 * point; this process keeps the ledger. CI runs a few cycles; `GREENROOM_FULL=1` runs two hundred.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CRASHPOINTS, type Crashpoint } from '../../src/crashpoint.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { audit } from './audit.ts';
import { DaemonProcess, pause } from './daemon-process.ts';
import { type Ledger, Load, newLedger } from './load.ts';

const FULL = process.env['GREENROOM_FULL'] === '1';
const CYCLES = FULL ? 200 : 14;
const HITS = FULL ? 5 : 1;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Crash points that plain load comes by; import and cleanup have cycles of their own elsewhere. */
const ON_THE_WAY = CRASHPOINTS.filter(
  (name) => name !== 'import.chunk' && name !== 'cleanup.batch',
);

interface Report {
  readonly ledger: Ledger;
  readonly broken: readonly string[];
  readonly readyMs: readonly number[];
  readonly hits: ReadonlyMap<Crashpoint, number>;
}

/** Kills one daemon after another on one directory, then looks whether all that was acknowledged is there. */
const killCycles = async (cycles: number, dist?: string): Promise<Report> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'greenroom-kill-'));
  const daemon = new DaemonProcess({ dataDir, ...(dist === undefined ? {} : { dist }) });
  const ledger = newLedger();
  const readyMs: number[] = [];
  const hits = new Map<Crashpoint, number>();
  const load = new Load(ledger, { sessions: 12, loops: 8 });
  try {
    for (let cycle = 0; cycle < cycles; cycle++) {
      const crashpoint = ON_THE_WAY[cycle % (ON_THE_WAY.length + 1)];
      const aim =
        crashpoint === undefined
          ? {}
          : { GREENROOM_CRASHPOINT: `${crashpoint}:${3 + ((cycle * 7) % 20)}` };
      const { readyMs: ms, natsUrl } = await daemon.start(aim);
      if (Number.isFinite(ms)) {
        readyMs.push(ms);
        await load.start(natsUrl);
        await Promise.race([daemon.gone(), pause(150 + ((cycle * 131) % 400))]);
      }
      if (crashpoint !== undefined && !daemon.isRunning)
        hits.set(crashpoint, (hits.get(crashpoint) ?? 0) + 1);
      await daemon.kill();
      await load.stop();
    }
    const { natsUrl } = await daemon.start();
    return { ledger, readyMs, hits, broken: await audit(natsUrl, ledger) };
  } finally {
    await daemon.kill('SIGTERM');
    rmSync(dataDir, { recursive: true, force: true });
  }
};

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

/** A copy of the compiled program with one line of one file replaced. */
const mutant = (file: string, from: string, to: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-mutant-'));
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const path = join(folder, 'dist', file);
  const text = readFileSync(path, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
  writeFileSync(path, text.replace(from, to));
  return join(folder, 'dist');
};

describe.skipIf(withoutNatsServer())('a daemon that is killed with SIGKILL under load', () => {
  it(`loses nothing that it acknowledged and doubles nothing, ${CYCLES} times`, {
    timeout: 1_800_000,
  }, async () => {
    const { ledger, broken, readyMs, hits } = await killCycles(CYCLES);
    console.log(
      `${CYCLES} kills: ${ledger.turns.size} turns and ${ledger.published.size} queued ones acknowledged; ready again p50 ${Math.round(median(readyMs))} ms; ` +
        `crash points ${JSON.stringify(Object.fromEntries(hits))}; refused ${JSON.stringify(ledger.refused)}`,
    );
    expect(broken).toEqual([]);
    expect(ledger.turns.size).toBeGreaterThan(CYCLES * 3);
    for (const name of ON_THE_WAY) expect(hits.get(name) ?? 0, name).toBeGreaterThanOrEqual(HITS);
  });

  it('is caught when it answers before its commit', { timeout: 600_000 }, async () => {
    const dist = mutant(
      'src/session/session-server.js',
      'committing: (commit) => self.pipe(commit,',
      'committing: (commit) => self.pipe((commit.catch(() => undefined), Promise.resolve()),',
    );
    const { broken } = await killCycles(10, dist);
    rmSync(join(dist, '..'), { recursive: true, force: true });
    expect(broken.length).toBeGreaterThan(0);
  });
});
