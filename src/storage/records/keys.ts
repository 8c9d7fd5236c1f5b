/**
 * Keys: ordered tuples, encoded by ourselves. In this program a key is a string of which every
 * character is one byte (latin1), so it compares as its bytes do; `Buffer`s begin at LMDB's border.
 *
 * 1. Everything of a session stands behind one prefix, `tenant 0 session 0`; ids cannot hold the
 *    separator. After it, a byte for the kind: entries, then the head, then the turns newest first, so
 *    that what a commit touches (last entries, head, newest turns) mostly shares a leaf page.
 * 2. Numbers are big-endian, so order by key is order by number.
 * 3. A part from outside that is long or holds low bytes stands as its hash (`\x01` and 43 characters).
 */
import { createHash } from 'node:crypto';
import type { TallyName } from '../../model/budget.ts';
import {
  type DefinitionKey,
  type DefinitionKind,
  definitionOf,
  idOfDefinition,
} from '../../model/definition.ts';
import { DUE_KINDS, type DueKind } from '../../model/due.ts';
import type { SessionKey, Tenant } from '../../model/ids.ts';

/** A key in latin1, see above. */
export type Key = string;

/** Tables of the store, each a B-tree of its own; the numbers stand in batches only, not on disk. */
export const TABLES = ['sessions', 'rows', 'audit', 'upkeep'] as const;
export type Table = 0 | 1 | 2 | 3;
export const SESSIONS = 0 satisfies Table;
export const ROWS = 1 satisfies Table;
export const AUDIT = 2 satisfies Table;
export const UPKEEP = 3 satisfies Table;

/** Longest part that stands as it is, in bytes. */
const MAX_PART_BYTES = 200;

const RESPONSE = '\x10';
const SIDE_ENTRY = '\x20';
const STREAM = '\x30';
const PROMPT = '\x38';
const ENTRY = '\x40';
const HEAD = '\x50';
const TURN = '\x60';
const AUDITED = '\x70';
const METRICS = '\x80';

const TIME_BYTES = 6;
const LAST_TIME = 256 ** TIME_BYTES - 1;

const META = 'm';
const LOG = 'l';
const TOMBSTONE = 't';
const PURGE = 'p';
const EXPIRY = 'e';
const DUE = 'd';
const REFERENCE = 'r';
const KEPT = 'k';
const OWNER = 'o';
const CHANGES = 'c';
const TALLY = 'b';

/** All definitions of a kind, in `SESSIONS`. They stand there as if each were a session with nothing but a head. */
export const definitionsPrefix = (tenant: Tenant, kind: DefinitionKind): Key =>
  `${tenant}\0${idOfDefinition(kind, '')}`;

export const definitionPrefix = ({ tenant, kind, name }: DefinitionKey): Key =>
  `${definitionsPrefix(tenant, kind)}${name}\0`;

/** Whose prefix a key begins with; undefined: no definition's. */
export const definitionIn = (key: Key): DefinitionKey | undefined => {
  const [tenant = '', sessionId = ''] = key.split('\0', 2);
  return definitionOf({ tenant, sessionId });
};

/** Everything of one session in `SESSIONS`. */
export const sessionPrefix = (key: SessionKey): Key => `${key.tenant}\0${key.sessionId}\0`;

/** The first key behind all keys that start with `prefix`; its last character is never 0xff. */
export const after = (prefix: Key): Key =>
  prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);

export const laterOf = (one: Key, other: Key): Key => {
  if (one < other) return other;
  return one;
};
export const earlierOf = (one: Key, other: Key): Key => (laterOf(one, other) === one ? other : one);

const bigEndian = (value: number, bytes: number): Key => {
  let text = '';
  for (let left = bytes - 1; left >= 0; left -= 1)
    text += String.fromCharCode(Math.floor(value / 256 ** left) & 0xff);
  return text;
};

/** `seq` as four bytes. */
const seqPart = (seq: number): Key =>
  String.fromCharCode((seq >>> 24) & 0xff, (seq >>> 16) & 0xff, (seq >>> 8) & 0xff, seq & 0xff);

const ofSeqPart = (part: Key): number => Buffer.from(part, 'latin1').readUInt32BE();

// biome-ignore lint/suspicious/noControlCharactersInRegex: low bytes are what it looks for
const LOW_BYTE = /[\x00-\x01]/;

/** Begins a part that stands as its hash. */
const HASHED = '\x01';

const part = (text: string): Key => {
  const bytes = Buffer.from(text, 'utf8');
  const plain = bytes.toString('latin1');
  if (bytes.length <= MAX_PART_BYTES && !LOW_BYTE.test(plain)) return plain;
  return `${HASHED}${createHash('sha256').update(bytes).digest('base64url')}`;
};

export const headKey = (prefix: Key): Key => prefix + HEAD;
/** The session's prefix out of its head's key. */
export const ofHeadKey = (key: Key): Key => key.slice(0, -HEAD.length);

/** All entries of a side transcript. */
export const sideEntriesPrefix = (prefix: Key, subpath: string): Key =>
  `${prefix}${SIDE_ENTRY}${part(subpath)}\0`;

export const entryKey = (prefix: Key, subpath: string, seq: number): Key =>
  subpath === ''
    ? prefix + ENTRY + seqPart(seq)
    : sideEntriesPrefix(prefix, subpath) + seqPart(seq);

export const streamsPrefix = (prefix: Key): Key => prefix + STREAM;

/** The prompt of a turn that is yet to begin. */
export const promptKey = (prefix: Key, turnId: string): Key => prefix + PROMPT + turnId;
export const ofPromptKey = (prefix: Key, key: Key): string =>
  key.slice(prefix.length + PROMPT.length);

/** The main transcript's record comes first: its part is empty. */
export const streamKey = (prefix: Key, subpath: string): Key => prefix + STREAM + part(subpath);

export const responseKey = (prefix: Key, response: string): Key =>
  prefix + RESPONSE + part(response);

/** The other way: the response's key, or, where that was too long to be kept, its hash. */
export const ofResponseKey = (
  prefix: Key,
  key: Key,
): { readonly responseKey: string; readonly hashed?: boolean } => {
  const kept = key.slice(prefix.length + RESPONSE.length);
  return kept.startsWith(HASHED)
    ? { responseKey: kept.slice(HASHED.length), hashed: true }
    : { responseKey: Buffer.from(kept, 'latin1').toString('utf8') };
};

export const hashedResponseKey = (prefix: Key, hash: string): Key =>
  prefix + RESPONSE + HASHED + hash;

/** Responses whose key begins with `start`, which is short and plain. */
export const responsesPrefix = (prefix: Key, start: string): Key => prefix + RESPONSE + part(start);

export const turnsPrefix = (prefix: Key): Key => prefix + TURN;

/** The id with each byte turned round, so that the greatest, that is newest, comes first. */
export const turnKey = (prefix: Key, turnId: string): Key => {
  const turned = new Array<number>(turnId.length);
  for (let at = 0; at < turnId.length; at += 1) turned[at] = 0xff - turnId.charCodeAt(at);
  return `${prefix}${TURN}${String.fromCharCode(...turned)}\xff`;
};

/** By number, so that the newest comes last. */
export const metricsKey = (prefix: Key, number: number): Key => prefix + METRICS + seqPart(number);
export const metricsPrefix = (prefix: Key): Key => prefix + METRICS;

/** In `ROWS`; not under a prefix, so that all rows lie together for the scan. */
export const rowKey = (prefix: Key): Key => prefix;

export const ofRowKey = (key: Key): SessionKey => {
  const [tenant, sessionId] = key.split('\0');
  return { tenant, sessionId } as SessionKey;
};

/** Where the session's audit records stand among its tenant's, in the order of time. */
export const auditedPrefix = (prefix: Key): Key => prefix + AUDITED;
export const auditedKey = (prefix: Key, audit: Key): Key =>
  prefix + AUDITED + audit.slice(audit.indexOf('\0') + 1);
/** The audit record's own key. */
export const ofAuditedKey = (prefix: Key, key: Key): Key =>
  prefix.slice(0, prefix.indexOf('\0') + 1) + key.slice(prefix.length + AUDITED.length);

/** Where the records of a span of time begin and end, behind the prefix of the list that they stand in. */
export const auditSpan = (
  prefix: Key,
  {
    afterMs,
    beforeMs,
  }: { readonly afterMs?: number | undefined; readonly beforeMs?: number | undefined },
): { readonly start: Key; readonly end: Key } => ({
  start: afterMs === undefined ? prefix : prefix + timePart(afterMs),
  end: beforeMs === undefined ? after(prefix) : prefix + timePart(beforeMs + 1),
});

/** As it stands in keys: whole milliseconds, of which the first is that of 1970. */
const timePart = (atMs: number): Key =>
  bigEndian(Math.min(Math.max(0, Math.ceil(atMs)), LAST_TIME), TIME_BYTES);

export const auditPrefix = (tenant: Tenant): Key => `${tenant}\0`;

/** By tenant and time; the writer's epoch and its own count make it unique. */
export const auditKey = (prefix: Key, atMs: number, epoch: number, count: number): Key => {
  const tenant = prefix.slice(0, prefix.indexOf('\0') + 1);
  return (
    tenant + bigEndian(Math.max(0, atMs), TIME_BYTES) + bigEndian(epoch, 4) + bigEndian(count, 4)
  );
};

/** In `UPKEEP`: the store's id, format and epoch. */
export const metaKey = META;
/** In `UPKEEP`: which generation of the commit log counts. */
export const logKey = LOG;
/** In `UPKEEP`: which sessions each transaction has changed, in its order. */
export const changesPrefix = CHANGES;
export const changesKey = (epoch: number, count: number): Key =>
  CHANGES + bigEndian(epoch, 4) + bigEndian(count, 4);
export const ofChangesKey = (key: Key): { readonly epoch: number; readonly count: number } => {
  const bytes = Buffer.from(key.slice(CHANGES.length), 'latin1');
  return { epoch: bytes.readUInt32BE(0), count: bytes.readUInt32BE(4) };
};
export const tombstoneKey = (prefix: Key): Key => TOMBSTONE + prefix;
/** In `UPKEEP`: deleted sessions whose records are still there. */
export const purgesPrefix = PURGE;
export const purgeKey = (prefix: Key): Key => PURGE + prefix;
/** The session's prefix out of its purge key. */
export const ofPurgeKey = (key: Key): Key => key.slice(PURGE.length);
/** In `UPKEEP`: what is due, by kind, and of each kind in the order of time. */
const DUES: Readonly<Record<DueKind, Key>> = {
  tombstone: EXPIRY,
  retry: `${DUE}r`,
  approval: `${DUE}a`,
  idle: `${DUE}i`,
  delayed: `${DUE}d`,
  schedule: `${DUE}s`,
  archive: `${DUE}A`,
  backup: `${DUE}B`,
};
/** Of a definition: in which index it stands. */
export const dueKindOfDefinition = ({ kind }: DefinitionKey): DueKind =>
  kind === 'archive' || kind === 'backup' ? kind : 'schedule';
export const duesPrefix = (kind: DueKind): Key => DUES[kind];
export const dueKey = (kind: DueKind, prefix: Key, atMs: number): Key =>
  DUES[kind] + bigEndian(Math.max(0, atMs), TIME_BYTES) + prefix;
/** When, and whose, by the session's prefix. */
export const ofDueKey = (
  kind: DueKind,
  key: Key,
): { readonly atMs: number; readonly prefix: Key } => {
  const at = DUES[kind].length;
  const atMs = Buffer.from(key.slice(at, at + TIME_BYTES), 'latin1').readUIntBE(0, TIME_BYTES);
  return { atMs, prefix: key.slice(at + TIME_BYTES) };
};
/** The kind of a key for which `upkeepOf` says `due`; undefined: a later version's. */
export const dueKindOf = (key: Key): DueKind | undefined =>
  DUE_KINDS.find((kind) => key.startsWith(DUES[kind]));

/**
 * In `UPKEEP`: that `holder`'s head refers to entries of this session up to and including `throughSeq`.
 * The farthest reference comes last, so how much has to stay is one look.
 */
export const referenceKey = (prefix: Key, throughSeq: number, holder: Key): Key =>
  REFERENCE + prefix + seqPart(throughSeq) + holder;
export const referencesPrefix = (prefix: Key): Key => REFERENCE + prefix;
/** What a reference is to, through which `seq`, and whose it is. */
export const ofReferenceKey = (
  key: Key,
): { readonly prefix: Key; readonly throughSeq: number; readonly holder: Key } => {
  const end = key.indexOf('\0', key.indexOf('\0') + 1) + 1;
  return {
    prefix: key.slice(REFERENCE.length, end),
    throughSeq: ofSeqPart(key.slice(end, end + 4)),
    holder: key.slice(end + 4),
  };
};

/** In `UPKEEP`: a deleted session whose entries forks still refer to; everything else of it is purged. */
export const keptKey = (prefix: Key): Key => KEPT + prefix;

/** In `UPKEEP`: in which session of the tenant a response counts. */
export const ownerKey = (tenant: Tenant, response: string): Key =>
  `${OWNER}${tenant}\0${part(response)}`;
export const hashedOwnerKey = (tenant: Tenant, hash: string): Key =>
  `${OWNER}${tenant}\0${HASHED}${hash}`;
/** In `UPKEEP`: what is spent of a budget in a period. */
export const tallyKey = (tenant: Tenant, name: TallyName): Key =>
  `${TALLY}${tenant}\0${part(name)}`;
/** Those from the one name up to the other; undefined where they are hashes, which have no order. */
export const talliesBetween = (
  tenant: Tenant,
  from: TallyName,
  to: TallyName,
): { readonly start: Key; readonly end: Key } | undefined => {
  const [start, end] = [tallyKey(tenant, from), tallyKey(tenant, to)];
  const isPlain = !start.slice(`${TALLY}${tenant}\0`.length).startsWith(HASHED);
  return isPlain && start < end ? { start, end } : undefined;
};
/** The same out of a session's record of the response; undefined for any other record. */
export const ownerKeyOf = (prefix: Key, key: Key): Key | undefined =>
  key[prefix.length] === RESPONSE
    ? OWNER + prefix.slice(0, prefix.indexOf('\0') + 1) + key.slice(prefix.length + 1)
    : undefined;

/** The prefix of the session that a key of `SESSIONS` or `ROWS` belongs to. */
export const prefixOf = (key: Key): Key =>
  key.slice(0, key.indexOf('\0', key.indexOf('\0') + 1) + 1);

const OF_SESSION = /^([A-Za-z0-9_-]{1,128})\0([A-Za-z0-9_-]{1,128})\0/;

/** Whose a key of `SESSIONS` or `ROWS` is, for people; undefined for what is no session's. */
export const sessionIn = (
  key: Key,
): { readonly tenant: string; readonly sessionId: string } | undefined => {
  const [, tenant, sessionId] = OF_SESSION.exec(key) ?? [];
  return tenant === undefined || sessionId === undefined ? undefined : { tenant, sessionId };
};

/** What a key of `SESSIONS` is of; `stream` is the prefix of a side transcript's entries. */
export type Kind =
  | { readonly kind: 'entry'; readonly seq: number }
  | { readonly kind: 'side'; readonly stream: Key; readonly seq: number }
  | { readonly kind: 'stream' | 'prompt' | 'head' | 'turn' | 'audited' | 'metrics' | 'other' };

export const kindOf = (prefix: Key, key: Key): Kind => {
  switch (key[prefix.length]) {
    case ENTRY:
      return { kind: 'entry', seq: ofSeqPart(key.slice(-4)) };
    case SIDE_ENTRY:
      return { kind: 'side', stream: key.slice(0, -4), seq: ofSeqPart(key.slice(-4)) };
    case STREAM:
      return { kind: 'stream' };
    case PROMPT:
      return { kind: 'prompt' };
    case HEAD:
      return { kind: 'head' };
    case TURN:
      return { kind: 'turn' };
    case AUDITED:
      return { kind: 'audited' };
    case METRICS:
      return { kind: 'metrics' };
    default:
      return { kind: 'other' };
  }
};

/** What a record of `UPKEEP` is. */
export const upkeepOf = (
  key: Key,
):
  | ('meta' | 'log' | 'tombstone' | 'purge' | 'due' | 'reference' | 'kept')
  | ('owner' | 'changes' | 'tally' | 'other') => {
  switch (key[0]) {
    case META:
      return 'meta';
    case LOG:
      return 'log';
    case TOMBSTONE:
      return 'tombstone';
    case PURGE:
      return 'purge';
    case EXPIRY:
    case DUE:
      return 'due';
    case REFERENCE:
      return 'reference';
    case KEPT:
      return 'kept';
    case OWNER:
      return 'owner';
    case CHANGES:
      return 'changes';
    case TALLY:
      return 'tally';
    default:
      return 'other';
  }
};
