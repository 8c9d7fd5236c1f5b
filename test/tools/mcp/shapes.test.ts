/** The pure parts: names, definitions, lines, results. */
import { describe, expect, test } from 'vitest';
import { definitionsOf, type SaidTool } from '../../../src/tools/mcp/definitions.ts';
import { type Line, Lines, requestAnswered } from '../../../src/tools/mcp/lines.ts';
import { outcomeOfAnswer } from '../../../src/tools/mcp/result-blocks.ts';
import { namesOfTools } from '../../../src/tools/mcp/tool-names.ts';
import { png } from '../pictures.ts';

describe('names', () => {
  test('other characters are _, and names that become alike are numbered', () => {
    const names = namesOfTools('my.server', ['a_b', 'a.b', 'a b', 'c']);
    expect(Object.fromEntries(names)).toEqual({
      'a b': 'mcp__my_server__a_b',
      'a.b': 'mcp__my_server__a_b_2',
      a_b: 'mcp__my_server__a_b_3',
      c: 'mcp__my_server__c',
    });
  });

  test('the longest have 64 characters, and differ where the tools do', () => {
    const [one, other] = ['x'.repeat(200), `${'x'.repeat(199)}y`];
    const names = namesOfTools('a-server-of-the-longest-name-of-40-letter', [one, other]);
    expect(new Set(names.values()).size).toBe(2);
    for (const name of names.values()) expect(name).toMatch(/^[a-zA-Z0-9_-]{64}$/);
    expect(namesOfTools('a-server-of-the-longest-name-of-40-letter', [other]).get(other)).toBe(
      names.get(other),
    );
  });
});

describe('definitions', () => {
  const said = (more: Partial<SaidTool> = {}): SaidTool => ({
    ...{ name: 'a', description: 'It does.', inputSchema: { type: 'object' } },
    ...more,
  });
  const only = (more: Partial<SaidTool>) => definitionsOf([said(more)]).definitions[0];

  test('hints decide what becomes of a call after a crash', () => {
    expect(only({})?.effect).toBe('at_most_once');
    expect(only({ annotations: { idempotentHint: true } })?.effect).toBe('idempotent');
    expect(only({ annotations: { readOnlyHint: true } })?.effect).toBe('pure');
  });

  test('a description is cut, and what is behind the cut counts as a change', () => {
    const long = 'x'.repeat(3_000);
    const [one, other] = [only({ description: long }), only({ description: `${long}y` })];
    expect(one?.description).toHaveLength(2_048);
    expect(one?.description).toBe(other?.description);
    expect(one?.hash).not.toBe(other?.hash);
  });

  test('what the API would refuse is left out, with why', () => {
    const { definitions, refused } = definitionsOf([
      said({ name: '' }),
      said({ name: 'b', inputSchema: { type: 'string' } }),
      said({ name: 'c', inputSchema: { type: 'object', description: 'x'.repeat(70_000) } }),
      ...Array.from({ length: 257 }, (_, at) => said({ name: `d${at}` })),
    ]);
    expect(definitions).toHaveLength(256);
    expect(refused).toEqual([
      ': a name has 1 to 256 characters',
      'b: its input is no object',
      expect.stringContaining('c: its schema has 7'),
      'd256: a server has 256 tools at most',
    ]);
  });
});

describe('lines', () => {
  const all = (text: string, pieces: number, max: number): readonly Line[] => {
    const lines = new Lines(max);
    const bytes = Buffer.from(text);
    const size = Math.ceil(bytes.length / pieces);
    return Array.from({ length: pieces }, (_, at) =>
      lines.take(bytes.subarray(at * size, (at + 1) * size)),
    ).flat();
  };

  test.each([1, 2, 7, 64])('come whole, in %i pieces', (pieces) => {
    const texts = ['{"a":1}', '', 'é€😀', 'x'.repeat(90)];
    const lines = all(`${texts.join('\n')}\r\n`, pieces, 100);
    expect(lines).toEqual(texts.map((text) => ({ type: 'whole', text })));
  });

  test.each([1, 3, 50])('one that is too long has its ends, in %i pieces', (pieces) => {
    const long = `{"result":"${'x'.repeat(9_000)}","jsonrpc":"2.0","id":17}`;
    const [one, two] = all(`${long}\nshort\n`, pieces, 4_000);
    expect(one).toEqual({
      ...{ type: 'too_long', head: long.slice(0, one?.type === 'too_long' ? one.head.length : 0) },
      tail: long.slice(-1_024),
    });
    expect(two).toEqual({ type: 'whole', text: 'short' });
  });

  const answered = (head: string, tail: string) =>
    requestAnswered({ type: 'too_long', head, tail });

  test('the request that a long one answers is at one of its ends', () => {
    expect(answered('{"jsonrpc":"2.0","id":3,"result":{', 'x"}]}}')).toBe(3);
    expect(answered('{"id": 4, "result": {', 'x"}]}}')).toBe(4);
    expect(answered('{"result":{', 'x"}]},"jsonrpc":"2.0","id":5}')).toBe(5);
    expect(answered('{"result":{', '","id":6}')).toBe(6);
    expect(answered('{"result":{"id":7', 'x"}]}}')).toBeUndefined();
  });
});

describe('results', () => {
  const told = async (answer: unknown) => {
    const outcome = await outcomeOfAnswer(answer, '/nowhere/file.txt');
    return outcome.content;
  };
  const image = { type: 'image', mimeType: 'image/png', data: png(2, 3).toString('base64') };

  test('texts are one text, other blocks stay in their order', async () => {
    const [a, b] = ['a', 'b'].map((text) => ({ type: 'text', text }));
    expect(await told({ content: [a, b] })).toBe('a\nb');
    expect(await told({ content: [a, image, b] })).toEqual([
      a,
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: image.data } },
      b,
    ]);
  });

  test('resources and links are texts, a PDF is a document', async () => {
    const resource = { uri: 'file:///a', text: 'in it' };
    const link = { type: 'resource_link', uri: 'file:///b', name: 'b' };
    expect(await told({ content: [{ type: 'resource', resource }, link] })).toBe(
      '[file:///a]\nin it\n[b: file:///b]',
    );
    const pdf = { uri: 'file:///c', mimeType: 'application/pdf', blob: 'JVBERi0=' };
    expect(await told({ content: [{ type: 'resource', resource: pdf }] })).toMatchObject([
      { type: 'document' },
    ]);
  });

  test('structured content is the result where there is no text', async () => {
    const structuredContent = { a: 1 };
    expect(await told({ content: [], structuredContent })).toBe('{"a":1}');
    const text = { type: 'text', text: 'said' };
    expect(await told({ content: [text], structuredContent })).toBe('said');
  });

  test('what the API would refuse is named, and left out', async () => {
    const content = [
      { type: 'audio', mimeType: 'audio/wav', data: 'AAAA' },
      { ...image, mimeType: 'image/tiff', data: 'SUkqAA==' },
      { ...image, data: png(9_000, 9_000).toString('base64') },
      { ...image, data: 'no base64!' },
      { ...image, data: 'A'.repeat(6 * 1024 * 1024) },
      { type: 'hologram' },
    ];
    expect(await told({ content })).toBe(
      [
        '[audio/wav of 3 bytes is left out]',
        '[image/tiff of 6 bytes is left out]',
        '[left out: image/png is 9000 by 9000 pixels; at most 8000 on each side can be shown. Make it smaller first.]',
        '[image/png of 8 bytes is left out]',
        '[image/png of 4718592 bytes is left out]',
        '[something that is not known here is left out]',
      ].join('\n'),
    );
  });

  test('an answer that is not a result is an error', async () => {
    expect(await outcomeOfAnswer({ content: 'text' }, '/nowhere')).toMatchObject({ isError: true });
  });
});
