/** The page of subjects is what a running daemon serves. */
import { connect } from 'nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Subjects, TURN } from '../../src/nats/subjects.ts';
import { AUDIT_ACTIONS } from '../../src/session/ports/journal.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { codeIn, codeInColumn, documentNamed, type Row, tableAfter, tableBelow } from './readme.ts';
import { type Running, startWithBroker } from './running.ts';

const PAGE = documentNamed('docs/reference/subjects.md');
const subjects = new Subjects('greenroom');
const rows = tableBelow('Subjects', PAGE);
const published = tableAfter('The daemon publishes:', PAGE);
const rowOf = (subject: string): Row => {
  const row = published.find(([cell]) => codeIn(cell).includes(subject));
  if (row === undefined) throw new Error(`the table has no row ${subject}`);
  return row;
};

test('the streams have the names that the text uses', () => {
  expect(PAGE).toContain(`\`${subjects.deadStream}\``);
  expect(PAGE).toContain(`\`${subjects.turnsStream}\``);
});

describe.skipIf(withoutNatsServer())('a running daemon', () => {
  let running: Running;
  beforeAll(async () => {
    running = await startWithBroker();
  });
  afterAll(() => running[Symbol.asyncDispose]());

  test('serves the subjects of the table and no other', async () => {
    const nc = await connect({ servers: running.natsUrl });
    const info = (await nc.request('$SRV.INFO.greenroom')).json<{
      endpoints: { subject: string }[];
    }>();
    await nc.close();
    const served = info.endpoints.map(({ subject }) => subject).filter((s) => !s.endsWith('>'));
    const named = codeInColumn(rows, 0).filter(isRequest);
    expect(named.map((subject) => wildcard(subject)).toSorted()).toEqual(served.toSorted());
  });
});

const isRequest = (subject: string): boolean =>
  /^(session|sessions|daemon|templates|tasks|schedules|archives)\./.test(subject) &&
  subject !== `session.<id>.${TURN}`;

const wildcard = (subject: string): string => `${subjects.root}.*.${subject.replace('<id>', '*')}`;

test('the lifecycle subject tells what the sessions record about their lives', () => {
  const named = codeIn(rowOf('lifecycle')[1]).filter((word) => word.startsWith('session.'));
  expect(named.toSorted()).toEqual(AUDIT_ACTIONS.map((action) => `session.${action}`).toSorted());
});
