/** Verbs on the daemon. */
import { type Declared, declared, LOOK, LOOK_MS, SETTINGS, SLOW_MS } from './declared.ts';

const DIGEST = '0123456789abcdef';
const CHANGED_TOOL = { server: 'tickets', tool: 'close' };
const BACKUP = { backupId: '20261130T030000000Z-3f9c1a-0123456789abcdef' };
const TOKEN = {
  ...{ tokenId: 'k3v9q0x2m7pa', kind: 'token', name: 'ci', tenant: 'default' },
  ...{ scopes: ['read', 'send'], createdAt: '2026-11-20T09:00:00.000Z' },
};

/** `<prefix>.v1.<tenant>.daemon.<verb>`. */
export const DAEMON = {
  ping: declared(
    'read',
    'Says that it is there; another `startedAt` is another daemon.',
    {},
    { timeoutMs: LOOK_MS, reply: { pid: 4711, startedAt: '2026-11-20T09:00:00.000Z' } },
  ),
  status: declared('admin', 'Tells what it runs with, and what it has done.', {}, LOOK),
  tree: declared('admin', 'Shows the running supervision tree.', {}, LOOK),
  inspect: declared('admin', 'Shows one actor of the tree.', { path: 'storage/journal' }, LOOK),
  trace: declared(
    'admin',
    'Traces one actor for a while, and shows its last messages.',
    { path: 'storage/journal', on: true },
    LOOK,
  ),
  'tool-servers': declared(
    'admin',
    'Lists the MCP servers, and which of their tools say something else than at first sight.',
    {},
    { reply: { servers: [{ name: 'tickets', state: 'connected', tools: 3, changed: ['close'] }] } },
  ),
  'changed-tool': declared(
    'admin',
    'Shows what such a tool said when it was first seen, and what it says now.',
    CHANGED_TOOL,
    {
      reply: {
        ...{ ...CHANGED_TOOL, hash: DIGEST },
        before: { description: 'Closes a ticket.', inputSchema: { type: 'object' } },
        now: { description: 'Closes all tickets.', inputSchema: { type: 'object' } },
      },
    },
  ),
  'accept-tool': declared(
    'admin',
    'Offers such a tool again, as it is now: only as long as `hash` is still that of what was shown.',
    { ...CHANGED_TOOL, hash: DIGEST },
    { reply: { ...CHANGED_TOOL, hash: DIGEST } },
  ),
  tokens: declared(
    'admin',
    'Lists the tokens with which the HTTP gateway is asked.',
    {},
    { reply: { tokens: [TOKEN] } },
  ),
  'create-token': declared(
    'admin',
    'Makes such a token. It is shown this once, and kept nowhere.',
    { name: 'ci', scopes: ['read', 'send'] },
    { ...SETTINGS, reply: { token: 'grm_k3v9q0x2m7pa_…', ...TOKEN } },
  ),
  'revoke-token': declared(
    'admin',
    'Makes one void, at once.',
    { tokenId: TOKEN.tokenId },
    { reply: { revoked: true } },
  ),
  'open-page': declared(
    'admin',
    'Gives an address that lets one browser on this machine in: once, within a minute.',
    {},
    {
      reply: {
        ...{ url: 'http://127.0.0.1:4280/open?ticket=…', expiresAt: '2026-11-20T09:01:00.000Z' },
      },
    },
  ),
  backups: declared(
    'admin',
    'Lists the backups of the whole store that lie at the place that is set, newest first.',
    { limit: 20 },
    { timeoutMs: SLOW_MS },
  ),
  'backup-state': declared(
    'admin',
    'Tells when the next backup is due, how the last one went, and what is at work.',
    {},
    { timeoutMs: SLOW_MS },
  ),
  'back-up': declared(
    'admin',
    'Has one made: what has changed since the one before is put there.',
    { waitMs: 10_000 },
    { timeoutMs: SLOW_MS },
  ),
  'verify-backup': declared(
    'admin',
    'Reads all of one, by default of the newest, and compares each part with its hash.',
    { ...BACKUP, waitMs: 10_000 },
    { timeoutMs: SLOW_MS },
  ),
  'delete-backup': declared(
    'admin',
    'Deletes one; what another backup needs too stays.',
    { ...BACKUP, waitMs: 10_000 },
    { timeoutMs: SLOW_MS },
  ),
} satisfies Record<string, Declared>;
