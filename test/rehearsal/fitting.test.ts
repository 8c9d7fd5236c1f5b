import { describe, expect, it } from 'vitest';
import { fitting } from '../../src/rehearsal/fitting.ts';
import { rehearsing } from './rehearsing.ts';

describe('the least value that fits a schema', () => {
  it.each<[object, unknown]>([
    [{ type: 'string' }, 'rehearsal'],
    [{ type: 'integer' }, 0],
    [{ type: ['null', 'string'] }, null],
    [{ enum: ['a', 'b'] }, 'a'],
    [{ const: 7 }, 7],
    [{ anyOf: [{ type: 'boolean' }, { type: 'null' }] }, false],
    [{ type: 'array', items: { type: 'number' } }, []],
    [{ type: 'array', items: { type: 'number' }, minItems: 2 }, [0, 0]],
    [
      {
        type: 'object',
        properties: { a: { $ref: '#/$defs/x' }, b: {} },
        required: ['a'],
        $defs: { x: { const: 1 } },
      },
      { a: 1 },
    ],
  ])('of %j is %j', (schema, value) => {
    expect(fitting(schema)).toEqual(value);
  });

  it('ends where a schema refers to itself', () => {
    const schema = { type: 'object', properties: { a: { $ref: '#' } }, required: ['a'], $defs: {} };
    expect(() => fitting({ ...schema, $defs: { '#': schema } })).not.toThrow();
  });

  it('is the answer to a request for it, and a directive goes before', async () => {
    const { ask } = await rehearsing();
    const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
    const output_config = { format: { type: 'json_schema' as const, schema } };
    expect((await ask('hi', { output_config })).content).toMatchObject([{ text: '{"ok":false}' }]);
    const told = '[[rehearse: text="{\\"ok\\":true}"]]';
    expect((await ask(told, { output_config })).content).toMatchObject([{ text: '{"ok":true}' }]);
  });
});
