/** What the page makes of what it is told, without a page. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { chosenOf, steppedFrom } from '../../src/dashboard/ground/chosen.ts';
import {
  ago,
  bytes,
  foldersOf,
  money,
  short,
  span,
  tagsOf,
} from '../../src/dashboard/ground/words.ts';
import { type Ask, askCosts, MOST_READ, PAGE } from '../../src/dashboard/pages/cost-asking.ts';
import { added, days } from '../../src/dashboard/pages/cost-sums.ts';
import { diffLines } from '../../src/dashboard/parts/diff-lines.ts';
import {
  asCurl,
  type Document,
  groupsOf,
  kindOf,
  limitsOf,
  operationsOf,
  referred,
  type Schema,
} from '../../src/dashboard/reader/operations.ts';
import { partsOf } from '../../src/dashboard/session/fences.ts';
import { shownLine } from '../../src/dashboard/session/imported.ts';
import { type Inline, inlineIn } from '../../src/dashboard/session/inline.ts';
import { blocksIn } from '../../src/dashboard/session/markdown.ts';
import { wordAt } from '../../src/dashboard/sessions/complete.ts';
import { isDay, untilIn, withUntil } from '../../src/dashboard/sessions/until.ts';
import { Dice } from '../../src/testing/dice.ts';

describe('what is chosen in a list', () => {
  test('is the first to begin with, and stays the same one when others come before it', () => {
    expect(chosenOf(['b', 'c'], undefined)).toBe('b');
    expect(chosenOf(['a', 'b', 'c'], 'b')).toBe('b');
    expect(steppedFrom(['a', 'b', 'c'], 'b', 1)).toBe('c');
    expect(steppedFrom(['a', 'b', 'c'], 'c', 1)).toBe('c');
    expect(steppedFrom(['a', 'b', 'c'], 'a', -1)).toBe('a');
  });

  test('is none when it has gone, until somebody moves on or the list was empty', () => {
    const chosen = chosenOf(['a', 'c'], 'b');
    expect(['a', 'c']).not.toContain(chosen);
    expect(steppedFrom(['a', 'c'], chosen, 1)).toBe('a');
    expect(chosenOf([], 'b')).toBeUndefined();
  });
});

describe('a change of a text', () => {
  test('is told by the lines that went and came', () => {
    const lines = diffLines('a\nb\nc\nd', 'a\nB\nc\nd').map(({ kind, text }) => `${kind} ${text}`);
    expect(lines).toEqual(['same a', 'gone b', 'new B', 'same c', 'same d']);
    expect(diffLines('', 'x').map(({ kind }) => kind)).toEqual(['new']);
    expect(diffLines('same', 'same').every(({ kind }) => kind === 'same')).toBe(true);
  });

  test('has all of both texts between what is the same', () => {
    const dice = new Dice(7);
    for (let round = 0; round < 200; round += 1) {
      const some = () => Array.from({ length: dice.int(0, 7) }, () => dice.pick(['a', 'b', 'c']));
      const [before, after] = [some().join('\n'), some().join('\n')];
      const lines = diffLines(before, after);
      const without = (kind: string) =>
        lines.filter((line) => line.kind !== kind).map(({ text }) => text);
      expect(before.split('\n').join()).toContain(without('new').join());
      expect(after.split('\n').join()).toContain(without('gone').join());
    }
  });
});

test('code stands between its fences, also where they are not closed', () => {
  const parts = partsOf('Look:\n```js\nconst a = 1;\n```\nand\n~~~\nopen').map(
    ({ isCode, text }) => [isCode, text],
  );
  expect(parts).toEqual([
    [false, 'Look:'],
    [true, 'const a = 1;'],
    [false, 'and'],
    [true, 'open'],
  ]);
});

test.each([
  ['tag:rev', 7, 'tag', 'rev', false],
  ['-tag:a -sta', 11, undefined, 'sta', true],
  ['cost:>1 tag:"two wo', 19, 'tag', 'two wo', false],
  ['(tag:a OR mo', 12, undefined, 'mo', false],
])('the word of a query that is being typed: %s', (text, cursor, key, value, isNot) => {
  expect(wordAt(text, cursor)).toMatchObject({ key, value, isNot });
});

test('a foreign line is shown whatever it holds', () => {
  const at = '2026-11-29T00:00:00.000Z';
  const shown = (line: unknown) => shownLine({ type: 'imported', seq: 1, at, line });
  for (const line of [null, 7, 'text', [], { type: 'user' }, { message: { content: 7 } }])
    expect(shown(line).isFolded).toBe(true);
  const said = { type: 'user', message: { role: 'user', content: 'Hello' } };
  expect(shown(said)).toMatchObject({ who: 'user', isFolded: false });
  expect(shown({ ...said, isMeta: true })).toMatchObject({ who: 'user', isFolded: true });
  const result = [{ type: 'tool_result', tool_use_id: 't', content: 'ok' }];
  expect(shown({ type: 'user', message: { content: result } }).who).toBe('tool');
  expect(shown({ type: 'ai-title', aiTitle: 'Mend it' })).toMatchObject({ brief: 'Mend it' });
  expect(shown({ type: 'progress', data: { type: 'bash_progress' } }).brief).toBe('bash_progress');
});

test('costs of several pages are added up, and each day has its bar', () => {
  const group = (value: string, costUsd: number) => ({
    ...{ value, costUsd, sessions: 1, turns: 2, unpriced: 0 },
    cacheMisses: [{ type: 'tools_changed', times: 1, missedInputTokens: 10, costUsd: 0.5 }],
  });
  const sums = added([group('2026-11-28', 1)], [group('2026-11-28', 2), group('2026-11-29', 4)]);
  expect(sums.map(({ value, costUsd, turns }) => [value, costUsd, turns])).toEqual([
    ['2026-11-28', 3, 4],
    ['2026-11-29', 4, 2],
  ]);
  expect(sums[0]?.cacheMisses).toEqual([
    { type: 'tools_changed', times: 2, missedInputTokens: 20, costUsd: 1 },
  ]);
  const bars = days(sums, 3, Date.parse('2026-11-29T12:00:00Z'));
  expect(bars.map(({ value }) => value)).toEqual([0, 3, 4]);
});

test.each([
  ['', '', 'updated:..2026-10-01'],
  ['tag:x', '', 'tag:x updated:..2026-10-01'],
  ['updated:..2026-11-20 tag:x', '2026-11-20', 'tag:x updated:..2026-10-01'],
  ['created:..2026-11-20 cost:>1', '', 'created:..2026-11-20 cost:>1 updated:..2026-10-01'],
  ['"at updated:..2026-11-20 it"', '', '"at updated:..2026-11-20 it" updated:..2026-10-01'],
  ['updated:7d.. x', '', 'updated:7d.. x updated:..2026-10-01'],
])('the query %j goes back to %j, and to a day as %j', (q, day, there) => {
  expect(untilIn(q, 'updated')).toBe(day);
  expect(withUntil(q, 'updated', '2026-10-01')).toBe(there);
  expect(untilIn(there, 'updated')).toBe('2026-10-01');
  const without = withUntil(there, 'updated', '');
  expect([untilIn(without, 'updated'), withUntil(without, 'updated', '')]).toEqual(['', without]);
});

test('a year that is being typed is no day', () => {
  expect(['', '0202-10-01', '2026-10-01'].map(isDay)).toEqual([true, false, true]);
});

describe('the costs of a span', () => {
  const spentAfter = '2026-11-01T00:00:00Z';
  const wanted = { by: 'owner', q: 'tag:x', spentAfter, isExact: false } as const;
  const group = { value: 'ann', sessions: 1, turns: 2, costUsd: 1, unpriced: 0, cacheMisses: [] };
  /** A daemon of so many sessions, and how often it was asked what. */
  const daemonOf = (sessions: number) => {
    const asked: Record<string, object[]> = { count: [], costs: [], facets: [] };
    const sums = { costUsd: 7, tokens: 0, turns: 9 };
    let read = 0;
    const answers: Record<string, () => object> = {
      count: () => ({ count: sessions, ...sums }),
      costs: () => {
        read += PAGE;
        return { groups: [group], ...(read < sessions ? { nextCursor: `${read}` } : {}) };
      },
      facets: () => ({
        facets: [{ value: 'ann', sessions: sessions - 1, ...sums, costUsd: 5 }],
        values: 1,
      }),
    };
    const ask = (async (verb: string, request: object) => {
      asked[verb]?.push(request);
      return answers[verb]?.();
    }) as Ask;
    const times = () => Object.values(asked).map(({ length }) => length);
    return { ask, asked, times };
  };

  test('are those of each turn where few sessions have changed in it', async () => {
    const { ask, asked, times } = daemonOf(3 * PAGE);
    const sum = await askCosts(ask, wanted);
    expect(sum).toMatchObject({
      isExact: true,
      totalUsd: 3,
      groups: [{ ...group, turns: 6, costUsd: 3, sessions: 3 }],
    });
    expect(times()).toEqual([1, 3, 0]);
    expect(asked['count']).toEqual([{ q: 'tag:x', updatedAfter: spentAfter }]);
    expect(asked['costs']?.[1]).toEqual({
      q: 'tag:x',
      by: 'owner',
      spentAfter,
      limit: PAGE,
      cursor: `${PAGE}`,
    });
  });

  test('take two questions at a million, and no session is read; those without a value are not left out', async () => {
    const { ask, asked, times } = daemonOf(1_000_000);
    const sum = await askCosts(ask, wanted);
    expect(times()).toEqual([1, 0, 1]);
    expect(asked['facets']).toMatchObject([{ q: 'tag:x', by: 'owner', updatedAfter: spentAfter }]);
    expect(sum).toMatchObject({ isExact: false, totalUsd: 7, sessions: 1_000_000 });
    expect(sum.groups.map(({ value, sessions, costUsd }) => [value, sessions, costUsd])).toEqual([
      ['ann', 999_999, 5],
      ['', 1, 2],
    ]);
    const byTag = await askCosts(daemonOf(1_000_000).ask, { ...wanted, by: 'tag' });
    expect(byTag.groups.map(({ value }) => value)).toEqual(['ann']); // a session may have several
  });

  test('are read turn by turn of any number to whoever wants that', async () => {
    const { ask, times } = daemonOf(MOST_READ + PAGE);
    expect(await askCosts(ask, { ...wanted, isExact: true })).toMatchObject({ isExact: true });
    expect(times()).toEqual([1, 11, 0]);
  });
});

test('values in the words of people', () => {
  expect([money(0), money(0.004), money(1234.5), money(null)]).toEqual([
    ...['$0', '$0.0040', '$1,234.50', '?'],
  ]);
  expect([short(999), short(1_500), short(2_000_000)]).toEqual(['999', '1.5k', '2M']);
  expect([span(40), span(1_500), span(61_000), span(90_000_000)]).toEqual([
    ...['40 ms', '1.5 s', '1 min', '1 d'],
  ]);
  expect(bytes(27_000_000)).toBe('27 MB');
  const at = '2026-11-29T12:00:00.000Z';
  expect([ago(at, Date.parse(at)), ago(at, Date.parse(at) + 120_000)]).toEqual([
    ...['now', '2 min ago'],
  ]);
});

describe('tags that are typed', () => {
  test('may have blanks, and stand once', () => {
    expect(tagsOf(' review, to continue,,review ')).toEqual(['review', 'to continue']);
    expect(tagsOf(' ')).toEqual([]);
  });
});

test('folders of one name are told apart by what is above them', () => {
  expect(foldersOf(['/home/a/cli', '/srv/b/cli/', '/tmp', '/'])).toEqual([
    'a/cli',
    'b/cli',
    'tmp',
    '/',
  ]);
});

describe('the description of the API', () => {
  const document = JSON.parse(
    readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'),
  ) as Document;
  const operations = operationsOf(document);

  test('is found by words, in groups', () => {
    const found = groupsOf(operations, 'fork post');
    expect(found.map(({ name }) => name)).toEqual(['sessions']);
    expect(groupsOf(operations, '').flatMap((group) => group.operations)).toHaveLength(
      operations.length,
    );
    expect(groupsOf(operations, 'templates')[0]?.operations.length).toBeGreaterThan(5);
    expect(groupsOf(operations, 'no such words')).toEqual([]);
  });

  test('has an operation as a line for the shell, its example quoted', () => {
    const [fork] = groupsOf(operations, 'fork post')[0]?.operations ?? [];
    if (fork === undefined) throw new Error('there is none');
    expect(asCurl(fork, 'http://here')).toBe(
      [
        'curl -sX POST "http://here/v1/sessions/$SESSIONID/fork"',
        '-H "Authorization: Bearer $TOKEN"',
        "-H 'Content-Type: application/json'",
        `-d '{"newSessionId":"plan-b","atSeq":2}'`,
      ].join(' \\\n  '),
    );
    const content = { 'application/json': { example: { text: "it's" } } };
    expect(asCurl({ ...fork, requestBody: { content } }, '')).toContain(`it'\\''s`);
  });

  test.each([
    [{ type: 'string', maxLength: 64 }, 'string', 'at most 64 characters'],
    [{ type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }, 'integer', 'at least 0'],
    [
      { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 9 },
      'list of string',
      '1 to 9 entries',
    ],
    [{ enum: ['a', 'b'], default: 'a' }, '"a" | "b"', 'default "a"'],
    [{ anyOf: [{ type: 'number' }, { type: 'string' }] }, 'number | string', ''],
    [{ $ref: '#/components/schemas/Problem' }, 'Problem', ''],
    [{ type: ['string', 'null'], format: 'date-time' }, 'string | null, date-time', ''],
  ])('%o is %s', (schema, kind, limits) => {
    expect([kindOf(schema), limitsOf(schema)]).toEqual([kind, limits]);
  });

  test('of a name that was made up is what the name stands for', () => {
    const $ref = '#/components/schemas/Made_schema1';
    const other = { $ref: '#/components/schemas/Made_schema2' };
    const kindIn = (one: Schema, two: Schema = {}) =>
      kindOf(
        { $ref },
        { ...document, components: { schemas: { Made_schema1: one, Made_schema2: two } } },
      );
    expect(kindIn({ anyOf: [other, { type: 'null' }] }, { enum: ['a'] })).toBe('"a" | null');
    expect(kindIn({ $ref })).toBe('object');
  });

  test('leads to each schema that it names', () => {
    const named = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)];
    for (const [, reference = ''] of named)
      expect(referred(document, reference), reference).toBeDefined();
  });
});

describe('what an assistant writes', () => {
  const text = (parts: readonly Inline[]): string =>
    parts
      .map((part) =>
        'parts' in part
          ? `<${part.kind}>${text(part.parts)}</${part.kind}>`
          : part.kind === 'code'
            ? `<code>${part.text}</code>`
            : part.text,
      )
      .join('');

  test.each([
    ['a **bold** word', 'a <strong>bold</strong> word'],
    ['an *inner **nested** one*', 'an <em>inner <strong>nested</strong> one</em>'],
    ['`code **as it is**` and ``a ` b``', '<code>code **as it is**</code> and <code>a ` b</code>'],
    ['2 * 3 * 4, snake_case_name, **open', '2 * 3 * 4, snake_case_name, **open'],
    ['_so_ and __so__', '<em>so</em> and <strong>so</strong>'],
    ['[here](https://a.example/b) it is', 'here (https://a.example/b) it is'],
    ['[x](javascript:alert) <b>no</b>', 'x (javascript:alert) <b>no</b>'],
    [String.raw`\*not\* so`, '*not* so'],
  ])('%s is %s', (written, shown) => expect(text(inlineIn(written))).toBe(shown));

  test('is headings, lists, quotes, rules, code and paragraphs', () => {
    const blocks = blocksIn(
      '# Title #\nWords\nmore words\n\n- one\n  - two\n    goes on\n3. three\n\n> said\n> so\n---\n```ts\n# no\n```',
    );
    expect(blocks.map(({ kind }) => kind)).toEqual([
      ...['heading', 'paragraph', 'list', 'quote', 'rule', 'code'],
    ]);
    const list = blocks.find(({ kind }) => kind === 'list');
    const items = list?.kind === 'list' ? list.items : [];
    expect(items.map(({ depth, mark, parts }) => [depth, mark, text(parts)])).toEqual([
      [0, '•', 'one'],
      [1, '•', 'two\ngoes on'],
      [0, '3.', 'three'],
    ]);
    expect(blocks.at(-1)).toEqual({ kind: 'code', language: 'ts', text: '# no' });
  });

  test('is tables, with a side for each column, and code and emphasis in the cells', () => {
    const written = [
      'Before:',
      '| name | *size* | | why |',
      '|:-----|------:|:-:|---|',
      '| `a\\|b` | 1 | x | **so** |',
      'c | 2',
      '| d | 3 | y | z | more |',
      'After it',
    ].join('\n');
    const [before, table, after] = blocksIn(written);
    expect([before?.kind, table?.kind, after?.kind]).toEqual(['paragraph', 'table', 'paragraph']);
    if (table?.kind !== 'table') return;
    expect(table.sides).toEqual(['left', 'right', 'center', undefined]);
    expect(table.names.map(text)).toEqual(['name', '<em>size</em>', '', 'why']);
    expect(table.rows.map((cells) => cells.map(text))).toEqual([
      ['<code>a|b</code>', '1', 'x', '<strong>so</strong>'],
      ['c', '2'],
      ['d', '3', 'y', 'z', 'more'],
    ]);
  });

  test.each([
    ['fewer dashes than names', '| a | b |\n|---|'],
    ['no dashes', '| a | b |\n| c | d |'],
    ['a rule below a line', 'a | b\n---'],
    ['code between fences', '```\n| a |\n|---|\n```'],
    ['more columns than have room', `${'|a'.repeat(50)}|\n${'|-'.repeat(50)}|`],
  ])('%s is no table', (_, written) => {
    expect(blocksIn(written).map(({ kind }) => kind)).not.toContain('table');
  });

  test('loses no letter, whatever it is', () => {
    const dice = new Dice(7);
    for (let round = 0; round < 300; round += 1) {
      const letters = Array.from({ length: 60 }, () => dice.pick([...'ab *_`[]()\\\n#>-1.|:']));
      const written = letters.join('');
      const shown = JSON.stringify(blocksIn(written));
      for (const letter of ['a', 'b'])
        expect(shown.split(letter).length, written).toBeGreaterThanOrEqual(
          written.split(letter).length,
        );
    }
  });

  test('is quick when it is hostile', () => {
    for (const piece of [...'*`[|\\', '**', '_a', '[a](', '> ', '- ', '# ', '|-', '|a|\n', '|-|\n'])
      expect(blocksIn(piece.repeat(100_000 / piece.length)).length).toBeGreaterThan(0);
    expect(blocksIn('**a '.repeat(60_000)).length).toBe(1);
    for (const mark of ['# ', '- ', '> ', ''])
      for (const blanks of [1_900, 150_000]) {
        const line = `${mark}${' '.repeat(blanks)}\u2028x y\n`; // not a line's end, and no letter of one
        expect(blocksIn(line.repeat(Math.floor(190_000 / line.length))).length).toBeGreaterThan(0);
      }
    expect(partsOf(`x${' '.repeat(150_000)}y`).length).toBe(1);
  });
});
