/** What the page on tools of one's own says of the file of servers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { mcpServersIn } from '../../src/tools/mcp/settings.ts';
import { documentNamed, fencesIn } from './readme.ts';

test('the file of servers is taken as it is shown', () => {
  const [file] = fencesIn(documentNamed('docs/guide/tool-servers.md')).filter(
    ({ marker }) => marker === 'mcp file',
  );
  const dir = mkdtempSync(join(tmpdir(), 'greenroom-docs-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'mcp.json'), file?.text ?? '');
  const servers = mcpServersIn(join(dir, 'mcp.json'), { TICKETS_TOKEN: 'secret' });
  expect(servers).toMatchObject([
    { name: 'files', transport: { type: 'stdio', command: 'npx' } },
    {
      ...{ name: 'tickets', timeoutMs: 120_000 },
      transport: { type: 'http', headers: { Authorization: 'Bearer secret' } },
    },
  ]);
});
