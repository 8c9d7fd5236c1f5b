/** Verbs on archives, which outlive their sessions. */
import { type Declared, declared, SLOW_MS } from './declared.ts';

const DIGEST = '0123456789abcdef';
const ARCHIVE = { archiveId: '019a3c5e-1f40-7a51-8b62-0123456789ab' };

/** `<prefix>.v1.<tenant>.archives.search` and so on. */
export const ARCHIVES = {
  'archives.search': declared(
    'read',
    'Finds archives, in the order in which their sessions changed last.',
    {
      status: 'completed',
      limit: 20,
    },
  ),
  'archives.get': declared('read', 'Shows one.', ARCHIVE),
  'archives.verify': declared(
    'operate',
    'Reads all of one, and tells whether each file is as it was.',
    { ...ARCHIVE, waitMs: 10_000 },
    { timeoutMs: SLOW_MS },
  ),
  'archives.restore': declared(
    'operate',
    'Brings its session and its directory back, where there is nothing.',
    { ...ARCHIVE, to: '/srv/restored/app' },
    { timeoutMs: SLOW_MS },
  ),
  'archives.delete': declared(
    'operate',
    'Deletes one; bytes that another archive has too stay.',
    { ...ARCHIVE, waitMs: 10_000 },
    { timeoutMs: SLOW_MS, reply: { deleted: true } },
  ),
  'archives.read': declared(
    'operate',
    "Gives bytes of what it is made of: its directory's archive, the list of that, the transcript, the manifest.",
    { ...ARCHIVE, object: 'folder', offset: 0 },
    {
      timeoutMs: SLOW_MS,
      reply: { base64: 'H4sI', sizeBytes: 3, sha256: DIGEST, name: `${DIGEST}.tar.gz` },
    },
  ),
  'archives.hold': declared('operate', 'Keeps one from going by its age, and from deletion.', {
    ...ARCHIVE,
    reason: 'audit of 2026',
  }),
  'archives.release': declared('operate', 'Lets it go again.', ARCHIVE),
  'archives.take-over': declared(
    'admin',
    'Has this store be the one whose archives lie at a place; another store puts and deletes nothing there from then on.',
    ARCHIVE,
    { timeoutMs: SLOW_MS, reply: { place: 's3://bucket/archives/', wasOthers: true } },
  ),
} satisfies Record<string, Declared>;
