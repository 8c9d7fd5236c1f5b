/** A sub-agent is given no tool that its caller does not have. */
import { expect, test } from 'vitest';
import { type Head, newHead } from '../../src/model/head.ts';
import { childSettings } from '../../src/tools/agents/child-settings.ts';
import { keyOf, NOW } from '../storage/sessions.ts';

const toolsOf = (parent: Partial<Head>, ofType: readonly string[] | undefined) =>
  settingsOf(parent, ofType).tools;

const settingsOf = (parent: Partial<Head>, ofType: readonly string[] | undefined) => {
  const type = { name: 'any', description: 'd', prompt: 'p', model: 'inherit', tools: ofType };
  const wish = { description: 'Look', type: type as never, model: undefined };
  const bounds = { depth: 1, maxDepth: 3, leftNanoUsd: undefined, connectors: ['docs'] };
  const head = { ...newHead(keyOf('s'), NOW), ...parent };
  return childSettings(head, { options: {} } as never, wish, bounds);
};

test('its own list is cut to what its caller names', () => {
  expect(toolsOf({ tools: ['Read', 'Bash'] }, ['Read', 'Write'])).toEqual(['Read']);
  expect(toolsOf({ tools: ['Read'] }, undefined)).toEqual(['Read']);
});

test('what the API runs or calls itself is for a caller that names it, and is no default', () => {
  const wanted = ['Read', 'web_fetch_20260318', 'code_execution_20260521', 'mcp__docs__search'];
  expect(toolsOf({ workingDirectory: '/srv' }, wanted)).toEqual(['Read']);
  expect(toolsOf({ tools: ['web_fetch_20260318'] }, wanted)).toEqual(['web_fetch_20260318']);
  expect(toolsOf({ tools: ['mcp__docs__search'] }, wanted)).toEqual(['mcp__docs__search']);
});

test('what the API runs has the options that its caller has, whichever version its type names', () => {
  const serverTools = [{ type: 'web_search_20250305', allowed_domains: ['a.example'] }];
  const parent = { serverTools, tools: ['web_search_20260318'] };
  expect(settingsOf(parent, undefined)).toMatchObject(parent);
  expect(settingsOf(parent, ['web_search_20260318'])).toMatchObject(parent);
  expect(settingsOf({ serverTools }, ['Read', 'web_search_20250305'])).toMatchObject({
    ...{ serverTools, tools: ['Read'] },
  });
  expect(settingsOf({ serverTools }, ['Read']).serverTools).toBeUndefined();
});
