/** The machine and the programs that figures were taken with, in words; nothing that names the machine. */
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { isInMemory, syncMs } from './disk.ts';
import { ms, number } from './figures.ts';
import type { Sheet } from './sheet.ts';

const GIB = 1024 ** 3;

const versionOf = (name: string): string => {
  const path = new URL(`../../../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
};

/** Says what it was run on, where no disk matters. */
export const describeComputer = (sheet: Sheet): void => {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? 'unknown';
  sheet.configure(
    'machine',
    `${processors.length} cores (${model}), ${number(totalmem() / GIB)} GiB, ${type()} ${release()}`,
  );
  sheet.configure(
    'load before',
    loadavg()
      .map((load) => load.toFixed(1))
      .join(' '),
  );
  sheet.configure('node', process.versions.node);
};

/** Says what it was run on, and fails the bench on a disk that is none. */
export const describeMachine = (sheet: Sheet, scratch: string): void => {
  describeComputer(sheet);
  const packages = ['lmdb', 'nats', 'piscina', '@anthropic-ai/sdk'];
  const versions = packages.map((name) => `${name} ${versionOf(name)}`).join(', ');
  sheet.configure('programs', versions);
  sheet.configure('disk', `write and fdatasync of a page ${ms(syncMs(scratch))}`);
  sheet.check(
    'the data lies on a disk',
    !isInMemory(scratch),
    isInMemory(scratch) ? 'in memory' : 'on disk',
  );
};
