/** The names of the tools that a session used: each once, as far as they could be a tool's, and not without end. */
import { describe, expect, it } from 'vitest';
import {
  isToolName,
  MAX_TOOL_NAME_LENGTH,
  MAX_TOOLS_USED,
  withTools,
} from '../../src/model/tools-used.ts';

describe('tools that are used', () => {
  it('are known in the order and the spelling of their first use', () => {
    expect(withTools(undefined, ['Read', 'Bash', 'read', 'mcp__x', 'BASH'])).toEqual([
      ...['Read', 'Bash', 'mcp__x'],
    ]);
    expect(withTools(['Bash'], ['Edit', 'bash', 'Read', 'EDIT'])).toEqual(['Bash', 'Edit', 'Read']);
  });

  it('again leave the list as it is, and none do too', () => {
    const known = ['Bash', 'Read'];
    for (const names of [undefined, [], ['bash'], ['READ', 'Bash'], ['']])
      expect(withTools(known, names)).toBe(known);
    for (const names of [undefined, [], ['']]) expect(withTools(undefined, names)).toBeUndefined();
  });

  it('leave the list that was given as it was', () => {
    const known: readonly string[] = Object.freeze(['Bash']);
    expect(withTools(known, ['Read'])).toEqual(['Bash', 'Read']);
    expect(known).toEqual(['Bash']);
  });

  it(`are ${MAX_TOOLS_USED} at most: those that came first`, () => {
    const names = Array.from({ length: MAX_TOOLS_USED + 50 }, (_, n) => `tool_${n}`);
    const first = names.slice(0, MAX_TOOLS_USED);
    expect(withTools(undefined, names)).toEqual(first);
    expect(withTools(names.slice(0, 150), names.slice(100))).toEqual(first);
    expect(withTools(first, ['another', 'TOOL_3'])).toBe(first);
  });
});

describe('a name', () => {
  it.each([
    ['', false],
    ['x', true],
    ['mcp__server__a tool, ünï 日本 😀', true],
    ['x'.repeat(MAX_TOOL_NAME_LENGTH), true],
    ['x'.repeat(MAX_TOOL_NAME_LENGTH + 1), false],
    ['half a pair \ud83d', false],
  ])('%j could be a tool’s: %s', (name, isOne) => {
    expect(isToolName(name)).toBe(isOne);
    expect(withTools(['Bash'], [name])).toEqual(isOne ? ['Bash', name] : ['Bash']);
  });
});
