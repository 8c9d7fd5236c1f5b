/** What the README says of the library is what its door gives. */
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SessionsFacade } from '../../src/index.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { codeIn, codeInColumn, documentNamed, README, tableBelow } from './readme.ts';
import { type Running, startWithBroker } from './running.ts';

/** A paragraph of a list, from its first words. */
const item = (beginning: string): string => {
  const from = README.indexOf(`- ${beginning}`);
  const [text = ''] = README.slice(from + 2).split(/\n(?:- |\n)/);
  return text;
};

test('every method of sessions is named', () => {
  const methods = Object.getOwnPropertyNames(SessionsFacade.prototype);
  const [, ...named] = codeIn(item('`sessions` has a method'));
  expect(named.toSorted()).toEqual(methods.filter((name) => name !== 'constructor').toSorted());
});

test('the types that are named are exported', () => {
  const door = documentNamed('src/index.ts');
  const named = codeIn(item('The package brings its types')).filter((word) =>
    /^[A-Z]\w+$/.test(word),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !new RegExp(`\\b${name}\\b`).test(door))).toEqual([]);
});

describe.skipIf(withoutNatsServer())('the data directory', () => {
  let running: Running;
  beforeAll(async () => {
    running = await startWithBroker();
  });
  afterAll(() => running[Symbol.asyncDispose]());

  test('holds the files of the table', () => {
    const { dataDir } = running;
    const files = readdirSync(dataDir, { withFileTypes: true }).flatMap(({ name }) =>
      name === 'store' ? readdirSync(`${dataDir}/store`).map((file) => `store/${file}`) : [name],
    );
    const named = codeInColumn(tableBelow('Operations'), 0).map((path) => path.replace(/\/$/, ''));
    const ofTheDaemon = ['daemon.json'];
    expect(named.toSorted()).toEqual([...files, ...ofTheDaemon].toSorted());
  });
});
