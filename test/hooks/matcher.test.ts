/** Which subjects a matcher is for. */
import { describe, expect, test } from 'vitest';
import { matcherOf } from '../../src/hooks/matcher.ts';

const matched = (matcher: string | undefined, ...subjects: readonly string[]) =>
  subjects.filter(matcherOf(matcher));

describe('a matcher', () => {
  test.each([undefined, '', '*'])('%s is for all', (matcher) => {
    expect(matched(matcher, 'Bash', 'mcp__a__b')).toEqual(['Bash', 'mcp__a__b']);
  });

  test('of letters, digits, _ and - is a name, and no part of one', () => {
    expect(matched('Bash', 'Bash', 'BashOutput', 'bash')).toEqual(['Bash']);
    expect(matched('mcp__memory', 'mcp__memory', 'mcp__memory__read')).toEqual(['mcp__memory']);
  });

  test('with | or , is several names, with spaces around them', () => {
    expect(matched('Edit|Write, Read', 'Edit', 'Write', 'Read', 'Edi')).toEqual([
      ...['Edit', 'Write', 'Read'],
    ]);
  });

  test('with any other sign is a regular expression, found anywhere', () => {
    expect(matched('mcp__memory__.*', 'mcp__memory__read', 'mcp__other__read')).toEqual([
      'mcp__memory__read',
    ]);
    expect(matched('Edit.*', 'NotebookEdit', 'MultiEdit', 'Write')).toEqual([
      ...['NotebookEdit', 'MultiEdit'],
    ]);
    expect(matched('^Edit$', 'NotebookEdit', 'Edit')).toEqual(['Edit']);
  });

  test('is for all calls of an event without a subject', () => {
    for (const matcher of ['Bash', '^Bash$']) expect(matcherOf(matcher)(undefined)).toBe(true);
  });
});
