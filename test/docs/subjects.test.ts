/** The README's table of subjects is what the schemas take and what a running daemon serves. */
import { readdirSync } from 'node:fs';
import { connect } from 'nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Filter } from '../../src/model/criteria.ts';
import { ASK, Subjects, TURN } from '../../src/nats/subjects.ts';
import { SESSION_VERBS, SESSIONS_VERBS } from '../../src/session/verbs/registry.ts';
import { withoutNatsServer } from '../support/nats.ts';
import {
  codeIn,
  codeInColumn,
  documentNamed,
  README,
  ROOT,
  type Row,
  tableBelow,
} from './readme.ts';
import { type Running, startWithBroker } from './running.ts';

const subjects = new Subjects('greenroom');
const rows = tableBelow('Subjects');
const rowOf = (subject: string): Row => {
  const row = rows.find(([cell]) => codeIn(cell).includes(subject));
  if (row === undefined) throw new Error(`the table has no row ${subject}`);
  return row;
};

/** The fields of an object's schema by name. */
const shapeOf = (schema: z.ZodType): Record<string, z.ZodType> =>
  schema instanceof z.ZodObject ? (schema.shape as Record<string, z.ZodType>) : {};

const verbs = [
  ...Object.entries(SESSION_VERBS).map(([name, verb]) => [`session.<id>.${name}`, verb] as const),
  ...Object.entries(SESSIONS_VERBS).map(([name, verb]) => [`sessions.${name}`, verb] as const),
].map(
  ([subject, { request, reply }]) =>
    [subject, shapeOf(request), Object.keys(shapeOf(reply))] as const,
);

/** Fields that stand in a table of their own: the cell links there instead. */
const GROUPS = [
  { link: '[settings](#settings)', fields: Object.keys(SESSION_VERBS.create.request.shape) },
  { link: '[criteria](#search-criteria)', fields: Object.keys(Filter.shape) },
];

describe.each(verbs)('%s', (subject, shape, reply) => {
  const [, request = '', answer] = rowOf(subject);
  const fields = Object.keys(shape);

  test('takes what the table says', () => {
    const groups = GROUPS.filter((group) => group.fields.every((field) => fields.includes(field)));
    const single = fields.filter((field) => !groups.some((group) => group.fields.includes(field)));
    const named = codeIn(request).filter((word) => /^\w+$/.test(word));
    expect(named.toSorted()).toEqual(single.toSorted());
    expect(groups.filter(({ link }) => !request.includes(link))).toEqual([]);
  });

  test('needs what is bold', () => {
    const needed = Object.entries(shape).flatMap(([field, schema]) =>
      schema.safeParse(undefined).success ? [] : [field],
    );
    const bold = [...request.matchAll(/\*\*`(\w+)`\*\*/g)].map((match) => match[1]);
    expect(bold.toSorted()).toEqual(needed.toSorted());
  });

  test('answers what the table says', () => {
    expect(codeIn(answer?.split(';')[0])).toEqual(reply);
  });
});

test('the streams have the names that the text uses', () => {
  expect(README).toContain(`\`${subjects.deadStream}\``);
  expect(README).toContain(`\`${subjects.turnsStream}\``);
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
  /^(session|sessions|daemon)\./.test(subject) && subject !== `session.<id>.${TURN}`;

const wildcard = (subject: string): string => `${subjects.root}.*.${subject.replace('<id>', '*')}`;

test('the lifecycle subject tells what the sessions record about their lives', () => {
  const actions = readdirSync(`${ROOT}src/session/machine`)
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [
      ...documentNamed(`src/session/machine/${name}`).matchAll(/\.audit\(([^,]*),/g),
    ])
    .flatMap(([, action]) => [...(action ?? '').matchAll(/'(\w+)'/g)].map((match) => match[1]));
  const named = codeIn(rowOf('lifecycle')[2]).filter((word) => word.startsWith('session.'));
  expect(named.toSorted()).toEqual(
    [...new Set(actions.map((action) => `session.${action}`))].toSorted(),
  );
});

test('a turn request goes to turn or ask', () => {
  for (const verb of [TURN, ASK])
    expect(rowOf(`session.<id>.${verb}`)[1]).toContain('[turn request](#turn-requests)');
});
