/** The file of a session's own servers, as the command line reads it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { mcpServersFrom } from '../../src/cli/mcp-config.ts';

const folderWith = (text: string): string => {
  const dir = mkdtempSync(join(tmpdir(), 'greenroom-mcp-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'mcp.json'), text);
  return dir;
};
const read = (text: string) => mcpServersFrom('mcp.json', folderWith(text), { KEY: 'mine' });

test('variables are those of who types', () => {
  const servers = {
    crm: { url: 'https://x', headers: { A: `Bearer \${KEY}`, B: `\${NO:-none}` } },
  };
  expect(read(JSON.stringify({ mcpServers: servers }))).toEqual({
    crm: { url: 'https://x', headers: { A: 'Bearer mine', B: 'none' } },
  });
});

test.each([
  ['{', /cannot be used/],
  ['{}', /has no servers/],
  [`{"mcpServers":{"a":{"url":"\${NOTHING}"}}}`, /the environment has no NOTHING/],
])('what cannot be used is named: %s', (text, why) => {
  expect(() => read(text)).toThrow(why);
});
