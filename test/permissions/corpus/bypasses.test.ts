/**
 * Every bypass is run for real, to see whether it acts: none that acts is allowed by rules for harmless programs. Half of
 * the lines are put together by chance; the seed is printed, and `GREENROOM_SEED` plays it again.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { decide } from '../../../src/permissions/decide.ts';
import { readRules } from '../../../src/permissions/rule-set.ts';
import { Dice } from '../../../src/testing/dice.ts';
import { BYPASSES, type Bypass, type Parts } from './bypasses.ts';
import { HARMLESS_ALLOWS } from './rules.ts';
import { realFiles, Scratch } from './scratch.ts';

const LANES = 3;
/** For a machine that hangs. */
const LIMIT_MS = 20 * 60_000;
const isFull = process.env['GREENROOM_FULL'] === '1';
/** The others of the list wait for another seed. */
const LISTED = isFull ? BYPASSES.length : 150;
const BY_CHANCE = isFull ? 5_000 : 160;
const seed = Number(process.env['GREENROOM_SEED'] ?? Date.now() % 1_000_000);

const RULES = readRules({ allow: HARMLESS_ALLOWS }, { scope: 'session' });

const HOSTS = [
  'ls',
  'cat f',
  'git status',
  'echo hi',
  'grep a f',
  'find . -name f',
  "sed -n '1p' f",
];
const PAYLOADS: readonly ((marker: string) => string)[] = [
  (marker) => `touch ${marker}`,
  (marker) => `/usr/bin/touch ${marker}`,
  (marker) => `cp f ${marker}`,
  (marker) => `mkdir ${marker}`,
  (marker) => `ln -s x ${marker}`,
];
/** Around a whole line. */
const ENVELOPES: readonly ((line: string) => string)[] = [
  (line) => line,
  (line) => `ls; ${line}`,
  (line) => `(${line}\n)`,
  (line) => `{ ${line}\n}`,
  (line) => `if true; then ${line}\nfi`,
  (line) => `echo "$(${line}\n)"`,
  (line) => `for i in 1; do ${line}\ndone`,
  (line) => `cat f && ls | { ${line}\n}`,
];

interface Job {
  readonly bypass: Bypass;
  readonly payload: (marker: string) => string;
  readonly host: string;
  readonly around: (line: string) => string;
}

const plainly = (bypass: Bypass): Job => ({
  ...{ bypass, host: 'ls', around: (line) => line },
  payload: (marker) => `touch ${marker}`,
});

describe('of the lines that do something else than they seem to', () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'greenroom-bypasses-')));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test(
    'none that acts is allowed',
    async () => {
      console.log(`bypasses: GREENROOM_SEED=${seed}`);
      const dice = new Dice(seed);
      const lanes = Array.from({ length: LANES }, (_, at) => new Scratch(join(root, `${at}`)));
      const jobs: readonly Job[] = [
        ...dice.shuffled(BYPASSES).slice(0, LISTED).map(plainly),
        ...Array.from({ length: BY_CHANCE }, () => ({
          ...{ bypass: dice.pick(BYPASSES), payload: dice.pick(PAYLOADS) },
          ...{ host: dice.pick(HOSTS), around: dice.pick(ENVELOPES) },
        })),
      ];
      const acting: string[] = [];
      const missed: string[] = [];
      const idle: string[] = [];
      const next = jobs.values();
      const work = async (lane: Scratch) => {
        for (const { bypass, payload, host, around } of next) {
          const parts: Parts = { host, marker: lane.marker, payload: payload(lane.marker) };
          const line = around(bypass.line(parts));
          lane.restore();
          const { decision } = decide({ tool: 'Bash', input: { command: line } }, RULES, {
            ...{ mode: 'default', cwd: lane.work, home: lane.home, files: realFiles },
          });
          const isActing = await lane.acts(line);
          (isActing ? acting : idle).push(`${bypass.kind}: ${line}`);
          if (isActing && decision === 'allow') missed.push(`${bypass.kind}: ${line}`);
        }
      };
      await Promise.all(lanes.map(work));
      console.log(`bypasses: ${jobs.length} run, ${acting.length} acted`);
      if (process.env['GREENROOM_IDLE'] === '1') console.log(idle.join('\n'));
      expect(missed).toEqual([]);
      expect(acting.length).toBeGreaterThan(jobs.length * 0.8);
    },
    LIMIT_MS,
  );
});
