/** The page about Claude Code's histories names every kind of attachment that the code knows. */
import { expect, test } from 'vitest';
import { SHOWN } from '../../src/claude-code/attachment-kinds.ts';
import { NOT_SHOWN } from '../../src/claude-code/attachments.ts';
import { documentNamed } from './readme.ts';

const rows = [
  ...documentNamed('docs/guide/claude-code.md').matchAll(/^\| `(\w+)` \| (.+) \|$/gm),
].map(([, kind = '', shown = '']) => ({ kind, isShown: !shown.startsWith('nothing') }));

test('the table of attachments is the one in the code', () => {
  const kindsOf = (isShown: boolean) =>
    rows.filter((row) => row.isShown === isShown).map(({ kind }) => kind);
  expect(kindsOf(true)).toEqual(['queued_command', ...SHOWN.keys()]);
  expect(kindsOf(false)).toEqual([...NOT_SHOWN]);
});
