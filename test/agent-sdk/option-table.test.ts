/** What the page of the docs says of the official SDK's options and types is what its declarations have, and what is done. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as official from '@anthropic-ai/claude-agent-sdk';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { checkedOptions } from '../../src/agent-sdk/check-options.ts';
import type * as ours from '../../src/agent-sdk/index.ts';
import { query } from '../../src/agent-sdk/index.ts';
import { type Fate, OPTION_TABLE } from '../../src/agent-sdk/option-table.ts';
import { REFUSED_METHODS } from '../../src/agent-sdk/refused-methods.ts';
import { ROOT } from '../docs/readme.ts';

const DECLARED = readFileSync(
  join(ROOT, 'node_modules', '@anthropic-ai', 'claude-agent-sdk', 'sdk.d.ts'),
  'utf8',
);
const PAGE = readFileSync(join(ROOT, 'docs', 'guide', 'official-sdk.md'), 'utf8');

/** Members of a declaration that ends with a brace in the first column. */
const membersOf = (opening: string, member: RegExp): readonly string[] => {
  const from = DECLARED.indexOf(opening);
  const body = DECLARED.slice(from, DECLARED.indexOf('\n}', from));
  const plain = body.replace(/\/\*\*[\s\S]*?\*\//g, '');
  return [...plain.matchAll(member)].map(([, name = '']) => name);
};
const fates = Object.entries<Fate>(OPTION_TABLE);

describe('the table of options', () => {
  test('has each option of the official declarations, and no other', () => {
    const declared = membersOf('export declare type Options = {', /^ {4}(\w+)\??:/gm);
    expect(declared.length).toBeGreaterThan(50);
    expect(Object.keys(OPTION_TABLE).toSorted()).toEqual(declared.toSorted());
  });

  test('is the one of the docs', () => {
    const words = (fate: Fate) => (fate.is === 'honoured' ? fate.how : fate.why);
    const rows = fates.map(([name, fate]) => `| \`${name}\` | ${fate.is} | ${words(fate)} |`);
    expect(
      PAGE.split('\n').filter((line) => / \| (honoured|ignored|refused) \| /.test(line)),
    ).toEqual(rows);
  });

  test.each(fates.filter(([, { is }]) => is === 'ignored'))('%s has a warning', (name) => {
    const { warnings } = checkedOptions({ [name]: ['x'] }, 0);
    expect(warnings).toEqual([expect.stringMatching(new RegExp(`^${name} is ignored: `))]);
  });

  test.each(fates.filter(([, { is }]) => is === 'refused'))(
    '%s is refused with a sentence',
    (name) => {
      expect(() => checkedOptions({ [name]: ['x'] }, 0)).toThrow(`options: ${name} is refused: `);
      expect(checkedOptions({ [name]: [] }, 0).warnings).toEqual([]);
    },
  );

  test.each(fates.filter(([, { is }]) => is === 'honoured'))('%s is looked at', (name) => {
    const wrong = Symbol('nothing that an option may be');
    expect(() => checkedOptions({ [name]: wrong } as object, 0)).toThrow(`options: ${name}: `);
  });

  test('names what each query may not mix', () => {
    const refusals: readonly (readonly [object, string])[] = [
      [{ resume: 'a', continue: true }, 'not both'],
      [{ resume: 'a', sessionId: 'b' }, 'forkSession'],
      [{ permissionMode: 'bypassPermissions' }, 'allowDangerouslySkipPermissions'],
      [{ permissionMode: 'auto' }, 'permissionMode: must be one of'],
      [{ modle: 'x' }, 'modle: there is no such option'],
      [
        { agents: { a: { description: 'd', prompt: 'p', disallowedTools: ['Bash'] } } },
        'agents.a.disallowedTools',
      ],
      [
        { mcpServers: { a: { type: 'sdk', name: 'a', instance: {} } } },
        'createSdkMcpServer of greenroom/agent-sdk',
      ],
      [{ greenroom: {} }, 'greenroom: must be a running Greenroom'],
    ];
    for (const [options, words] of refusals)
      expect(() => query({ prompt: 'Hello', options })).toThrow(words);
    expect(() => query({ prompt: '' })).toThrow('the prompt is empty');
    expect(() => query('Hello' as never)).toThrow('query takes { prompt, options }');
  });

  test('names the events of hooks that never come', () => {
    const group = [{ hooks: [async () => ({})] }];
    expect(checkedOptions({ hooks: { Stop: group, Setup: group } }, 0).warnings).toEqual([
      'hooks.Setup is ignored: there is no such event here',
    ]);
  });
});

describe('the methods of a query', () => {
  test('are all of the official ones, and the page says which are refused, and why', async () => {
    const declared = membersOf('export declare interface Query ', /^ {4}(\w+)\(/gm);
    expect(declared).toContain('interrupt');
    const running = query({ prompt: 'Hello' });
    expect(declared.filter((name) => !(name in running))).toEqual([]);
    const rows = Object.entries(REFUSED_METHODS).map(([name, why]) => `| \`${name}\` | ${why} |`);
    const [, refused = ''] = /## Methods\n(.*?)## Messages/s.exec(PAGE) ?? [];
    expect(refused.match(/^\| `.*$/gm)).toEqual(rows);
    for (const name of declared.filter((each) => !(each in REFUSED_METHODS)))
      expect(refused).toContain(`\`${name}\``);
    await expect(running.rewindFiles()).rejects.toThrow('rewindFiles is not done here: files');
  });

  test('say before it begins what is known then', async () => {
    const agents = { scout: { description: 'looks around', prompt: 'Look.', model: 'haiku' } };
    const mcpServers = { sea: { command: '/bin/false' } };
    const running = query({ prompt: 'Hello', options: { agents, mcpServers } });
    const said = await running.initializationResult();
    expect(said.models.map(({ value }) => value)).toEqual(
      expect.arrayContaining(['default', 'sonnet', 'opus', 'haiku']),
    );
    const haiku = said.models.find(({ value }) => value === 'haiku')?.resolvedModel;
    expect(haiku).toMatch(/^claude-haiku-\d/);
    expect(said.agents).toEqual([
      expect.objectContaining({ name: 'general-purpose' }),
      { name: 'scout', description: 'looks around', model: haiku },
    ]);
    expect([said.commands, said.account]).toEqual([[], { apiKeySource: 'none' }]);
    expect(await running.mcpServerStatus()).toEqual([{ name: 'sea', status: 'pending' }]);
    await expect(running.setMaxThinkingTokens(-1)).rejects.toThrow('maxThinkingTokens');
  });
});

describe('types', () => {
  test('of messages that come are assignable to the official ones', () => {
    expectTypeOf<ours.SDKSystemMessage>().toExtend<official.SDKSystemMessage>();
    expectTypeOf<ours.SDKAssistantMessage>().toExtend<official.SDKAssistantMessage>();
    expectTypeOf<ours.SDKUserMessage>().toExtend<official.SDKUserMessage>();
    expectTypeOf<ours.SDKPartialAssistantMessage>().toExtend<official.SDKPartialAssistantMessage>();
    expectTypeOf<ours.SDKAPIRetryMessage>().toExtend<official.SDKAPIRetryMessage>();
    expectTypeOf<ours.SDKPermissionDeniedMessage>().toExtend<official.SDKPermissionDeniedMessage>();
    expectTypeOf<ours.SDKResultMessage>().toExtend<official.SDKResultMessage>();
    expectTypeOf<ours.SDKResultSuccess>().toExtend<official.SDKResultSuccess>();
    expectTypeOf<ours.SDKResultError>().toExtend<official.SDKResultError>();
    expectTypeOf<ours.SDKMessage>().toExtend<official.SDKMessage>();
    expectTypeOf<ours.ModelUsage>().toExtend<official.ModelUsage>();
    expectTypeOf<ours.NonNullableUsage>().toExtend<official.NonNullableUsage>();
    expectTypeOf<ours.SDKPermissionDenial>().toExtend<official.SDKPermissionDenial>();
    expectTypeOf<ours.ModelInfo>().toExtend<official.ModelInfo>();
    expectTypeOf<ours.AgentInfo>().toExtend<official.AgentInfo>();
    expectTypeOf<ours.McpServerStatus>().toExtend<official.McpServerStatus>();
    expectTypeOf<ours.AccountInfo>().toExtend<official.AccountInfo>();
  });

  test('of what a program gives take the official ones', () => {
    expectTypeOf<official.SDKUserMessage>().toExtend<ours.SDKUserMessage>();
    expectTypeOf<official.CanUseTool>().toExtend<ours.CanUseTool>();
    expectTypeOf<official.PermissionResult>().toExtend<ours.PermissionResult>();
    expectTypeOf<official.HookCallback>().toExtend<ours.HookCallback>();
    expectTypeOf<official.HookCallbackMatcher>().toExtend<ours.HookCallbackMatcher>();
    expectTypeOf<official.AgentDefinition>().toExtend<ours.AgentDefinition>();
    expectTypeOf<official.McpStdioServerConfig>().toExtend<ours.McpServerConfig>();
    expectTypeOf<official.McpHttpServerConfig>().toExtend<ours.McpServerConfig>();
    expectTypeOf<official.OutputFormat>().toExtend<NonNullable<ours.Options['outputFormat']>>();
    expectTypeOf<official.ThinkingConfig>().toExtend<NonNullable<ours.Options['thinking']>>();
    expectTypeOf<Exclude<official.PermissionMode, 'auto'>>().toEqualTypeOf<ours.PermissionMode>();
    type Given = Omit<official.Options, 'permissionMode' | 'effort' | 'mcpServers'>;
    expectTypeOf<Given>().toExtend<ours.Options>();
  });
});
