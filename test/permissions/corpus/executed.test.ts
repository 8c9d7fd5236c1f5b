/**
 * What a shell really starts lies within what was predicted: scripts by chance run with programs that write down how they
 * were started, and each start must be one of the predicted commands. A predictor that overlooks something is caught.
 */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { forEachChild } from 'unbash';
import { afterAll, expect, test } from 'vitest';
import type { Children } from '../../../src/permissions/shell/expansions.ts';
import { predict } from '../../../src/permissions/shell/predict.ts';
import { Dice } from '../../../src/testing/dice.ts';
import { Scratch } from './scratch.ts';
import { isStartOf, programs, script } from './scripts.ts';

const isFull = process.env['GREENROOM_FULL'] === '1';
const SCRIPTS = isFull ? 5_000 : 100;
const seed = Number(process.env['GREENROOM_SEED'] ?? Date.now() % 1_000_000);

const root = realpathSync(mkdtempSync(join(tmpdir(), 'greenroom-executed-')));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** It does not see what stands in double quotes. */
const mutant: Children = (node, visit) => {
  if (node.type !== 'DoubleQuoted') forEachChild(node, visit);
};

interface Run {
  readonly source: string;
  readonly started: readonly string[];
}

const runs = async (): Promise<readonly Run[]> => {
  console.log(`executed: GREENROOM_SEED=${seed}`);
  const scratch = new Scratch(root);
  const bin = join(root, 'traced');
  mkdirSync(bin);
  for (const [at, name] of programs.entries()) {
    // In one write, because programs that run side by side share the log.
    const code = `#!/bin/sh\nprintf '%s\\001' "\${0##*/}" "$@" '\u0002' >> "$TRACE"\necho ${name}out\nexit ${at % 2}\n`;
    writeFileSync(join(bin, name), code);
    chmodSync(join(bin, name), 0o755);
  }
  const dice = new Dice(seed);
  const found: Run[] = [];
  scratch.restore();
  for (let at = 0; at < SCRIPTS; at += 1) {
    const source = script(dice);
    // A log of its own: what a process substitution has started may outlive its script.
    const log = join(root, `log-${at}`);
    writeFileSync(log, '');
    await scratch.run(source, { PATH: `${bin}:/usr/bin:/bin`, TRACE: log });
    found.push({
      source,
      started: readFileSync(log, 'utf8')
        .split('\u0001\u0002\u0001')
        .filter((one) => one !== ''),
    });
  }
  return found;
};

const unforeseen = ({ source, started }: Run, children?: Children): readonly string[] => {
  const { commands, doubts } = predict(
    source,
    { cwd: join(root, 'work'), home: join(root, 'home') },
    children,
  );
  if (doubts.length > 0) return [];
  return started.filter((line) => !commands.some(({ words }) => isStartOf(words, line)));
};

test(
  'each program that starts was predicted, and a predictor that overlooks some is caught',
  async () => {
    const all = await runs();
    const understood = all.filter(
      ({ source }) => predict(source, { cwd: root }).doubts.length === 0,
    );
    const started = understood.reduce((sum, one) => sum + one.started.length, 0);
    console.log(
      `executed: ${understood.length} of ${all.length} understood, ${started} programs started`,
    );
    for (const run of all) expect(unforeseen(run), run.source).toEqual([]);
    expect(understood.length).toBeGreaterThan(all.length / 3);
    expect(started).toBeGreaterThan(all.length);
    expect(all.some((run) => unforeseen(run, mutant).length > 0)).toBe(true);
  },
  20 * 60_000,
);
