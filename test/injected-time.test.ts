/** The linter's rule on time and chance: what it forbids in the product, and who is excepted. */
import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'greenroom-lint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Which of these texts the linter refuses, were they files of the product. */
const refused = async (texts: readonly string[], place: string): Promise<string[]> => {
  const source = join(folder, place);
  rmSync(source, { recursive: true, force: true });
  mkdirSync(source, { recursive: true });
  mkdirSync(join(folder, 'scripts'), { recursive: true });
  const { vcs: _, ...config } = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8'));
  writeFileSync(join(folder, 'biome.json'), JSON.stringify(config));
  cpSync(join(ROOT, 'scripts', 'lint'), join(folder, 'scripts', 'lint'), { recursive: true });
  texts.forEach((text, i) => {
    writeFileSync(join(source, `case-${i}.ts`), text);
  });
  const biome = join(ROOT, 'node_modules', '.bin', 'biome');
  const options = ['lint', '--colors=off', '--max-diagnostics=none', '--reporter=github', place];
  const { stdout, stderr } = await run(biome, options, { cwd: folder }).catch((failed) => failed);
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('Take time'));
  return texts.filter((_text, i) => lines.some((line) => line.includes(`case-${i}.ts`)));
};

const forbidden = [
  'export const x = Date.now();',
  'export const x = [1].map(Date.now);',
  'export const x = new Date();',
  'export const x = performance.now();',
  'export const x = process.hrtime();',
  'export const x = process.hrtime.bigint();',
  'export const x = Math.random();',
  'setTimeout(() => {}, 1);',
  'setInterval(() => {}, 1);',
  'setImmediate(() => {});',
  'export const x = crypto.randomUUID();',
  "import { randomUUID } from 'node:crypto';\nexport const x = randomUUID();",
  "import { randomBytes } from 'node:crypto';\nexport const x = randomBytes(8);",
  "import { setTimeout as sleep } from 'node:timers/promises';\nawait sleep(1);",
];

const allowed = [
  'export const x = new Date(1);',
  'export const x = (clock: { now(): number }) => clock.now();',
  'export const x = (clock: { setTimeout(f: () => void): void }) => clock.setTimeout(() => {});',
  'queueMicrotask(() => {});',
];

test.each(['src/otp', 'supervisors'])('in %s, time and chance are handed in', async (place) => {
  expect(await refused([...forbidden, ...allowed], place)).toEqual(forbidden);
});

test('who is excepted says why', () => {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  const excepted = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(join(ROOT, 'src', file), 'utf8');
      return /biome-ignore(-all)? lint\/(plugin|style\/noRestrictedImports): \w+/.test(text)
        ? [file]
        : [];
    });
  expect(excepted.sort()).toEqual([
    'cli/commands/nats.ts',
    'cli/program.ts',
    'http/access/token.ts',
    'model/ids.ts',
    'model/request-context.ts',
    'otp/system-clock.ts',
    'otp/virtual-clock.ts',
    'platform/line-output.ts',
    'platform/log-line.ts',
    'rehearsal/endpoints.ts',
    'rehearsal/play.ts',
    'rehearsal/server.ts',
    'storage/lmdb/lmdb-store.ts',
    'storage/log/log-mark.ts',
    'storage/memory/memory-store.ts',
    'storage/records/changes.ts',
    'storage/records/meta.ts',
  ]);
});
