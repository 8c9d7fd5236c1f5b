import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DIRECTIVE_KEYS, directivesOf } from '../../src/rehearsal/directives.ts';
import { rehearsing } from './rehearsing.ts';

describe('directives', () => {
  it('are read group by group, in order', () => {
    const groups = directivesOf(
      'Do it. [[rehearse: thinking="hm" tool=Bash input={"command":"ls ]] [x]"} chunks=5]] then\n' +
        '[[rehearse:text=done]]',
    );
    expect(groups).toEqual([
      {
        content: [
          { type: 'thinking', thinking: 'hm' },
          { type: 'tool_use', name: 'Bash', input: { command: 'ls ]] [x]' } },
        ],
        usage: {},
        chunks: 5,
      },
      { content: [{ type: 'text', text: 'done' }], usage: {} },
    ]);
  });

  it('take JSON strings with every escape', () => {
    const [group] = directivesOf('[[rehearse: text="a \\"quoted\\" \\n line ]] \\u00e4"]]');
    expect(group?.content).toEqual([{ type: 'text', text: 'a "quoted" \n line ]] ä' }]);
  });

  it('repeat a text', () => {
    const [group] = directivesOf('[[rehearse: text="ab" repeat=3]]');
    expect(group?.content).toEqual([{ type: 'text', text: 'ababab' }]);
  });

  it.each([
    ['[[rehearse: speed=9]]', /unknown key `speed`; known are text, /],
    ['[[rehearse: toString=9]]', /unknown key `toString`/],
    ['[[rehearse: chunks=many]]', /`chunks` must be an integer, 1 to 10000, not "many"/],
    ['[[rehearse: status=200]]', /`status` must be an integer, 400 to 599/],
    ['[[rehearse: stop=never]]', /`stop` must be one of end_turn/],
    ['[[rehearse: text={"a":1}]]', /`text` must be a string/],
    ['[[rehearse: input={}]]', /`input` follows `tool`/],
    ['[[rehearse: tool=Bash input=[1]]]', /`input` must be a JSON object/],
    ['[[rehearse: tool=Bash input={a:1}]]', /value of `input` is not JSON/],
    ['[[rehearse: text="open]]', /`text` does not end/],
    ['[[rehearse: text', /expected key=value or \]\]/],
    ['[[rehearse: times=2]]', /`times` needs status/],
    ['[[rehearse: retry-after=2]]', /`retry-after` needs status/],
    ['[[rehearse: cut-after=1 message=x]]', /`message` needs status/],
    ['[[rehearse: cut-after=1 stall-after=2]]', /one trouble in a group/],
    ['[[rehearse: text="xx" repeat=99999999]]', /`repeat` must be an integer/],
  ])('refuse %s', (prompt, message) => {
    expect(() => directivesOf(prompt)).toThrow(message);
  });

  it('are all in the one place that documents them', () => {
    const source = readFileSync(
      new URL('../../src/rehearsal/directives.ts', import.meta.url),
      'utf8',
    );
    const doc = source.slice(0, source.indexOf('*/'));
    const isDocumented = (key: string) => doc.includes(key.replace('usage.', ''));
    expect(DIRECTIVE_KEYS.filter((key) => !isDocumented(key))).toEqual([]);
  });

  it('that cannot be obeyed are a 400 that names them', async () => {
    const { ask } = await rehearsing();
    await expect(ask('[[rehearse: speed=9]]')).rejects.toMatchObject({
      status: 400,
      apiMessage: expect.stringContaining('unknown key `speed`') as string,
    });
  });

  it('without content leave the words to the default answer', async () => {
    const { ask } = await rehearsing();
    const { content } = await ask('Hi [[rehearse: usage.output_tokens=3]]');
    expect(content).toMatchObject([{ text: expect.stringMatching(/^Rehearsal answer to: Hi/) }]);
  });

  it('answer one model call of the turn each, then the default answer follows', async () => {
    const { client } = await rehearsing();
    const prompt = {
      role: 'user',
      content: '[[rehearse: text=one]] [[rehearse: text=two]]',
    } as const;
    const said = { role: 'assistant', content: 'earlier' } as const;
    const text = async (count: number) => {
      const messages = [prompt, ...Array.from({ length: count }, () => said)];
      const message = await client.messages.create({
        model: 'claude-opus-5',
        max_tokens: 99,
        messages,
      });
      return message.content[0]?.type === 'text' ? message.content[0].text : '';
    };
    expect([await text(0), await text(1)]).toEqual(['one', 'two']);
    expect(await text(2)).toMatch(/^Rehearsal answer/);
  });
});
