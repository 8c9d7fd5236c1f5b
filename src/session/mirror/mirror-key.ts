/**
 * Names from another program, and ours for them: a project and a session id of the Agent SDK may hold
 * any characters, our ids and keys may not.
 *
 * 1. Different names never meet: each is written as JSON before it is joined or hashed.
 * 2. What is stored of a name is well-formed Unicode, for a store would fold lone surrogates into one.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isWellFormed } from '../../model/bounds.ts';
import { GreenroomError } from '../../model/errors.ts';
import { ID_PATTERN, type SessionId } from '../../model/ids.ts';

/** A session in another program's words. */
export interface ForeignSession {
  readonly projectKey: string;
  readonly sessionId: string;
}

const PREFIX = 'agent-sdk:';
/** Longest `externalKey`, in characters; the catalog keeps every one of them in memory. */
const MAX_EXTERNAL_KEY = 1_024;
/** How often one session may be deleted and begun anew while its tombstones stand. */
const MAX_LIVES = 1_000;

/** The `externalKey` of a session's head. Throws `invalid_request` for names that are too long. */
export const externalKeyOf = ({ projectKey, sessionId }: ForeignSession): string => {
  const key = PREFIX + JSON.stringify([projectKey, sessionId]);
  if (key.length > MAX_EXTERNAL_KEY)
    throw new GreenroomError(
      'invalid_request',
      `project key and session id take at most ${MAX_EXTERNAL_KEY} characters together`,
    );
  return key;
};

const Names = z.tuple([z.string(), z.string()]);

/** The foreign session id in an `externalKey` that `externalKeyOf` made; undefined in any other, whoever gave it. */
export const foreignIdIn = (externalKey: string | undefined): string | undefined => {
  if (externalKey?.startsWith(PREFIX) !== true) return undefined;
  try {
    return Names.safeParse(JSON.parse(externalKey.slice(PREFIX.length))).data?.[1];
  } catch {
    return undefined;
  }
};

/**
 * Our ids for a foreign session in the order in which they are tried: its own, then `x-` and a hash.
 * One that belongs to somebody else, or to a former life that was deleted, is passed over.
 */
export function* idsFor(foreign: ForeignSession): Generator<SessionId> {
  if (ID_PATTERN.test(foreign.sessionId)) yield foreign.sessionId as SessionId;
  const key = externalKeyOf(foreign);
  for (let life = 0; life < MAX_LIVES; life += 1)
    yield `x-${sha256(life === 0 ? key : `${key}#${life}`, 'hex').slice(0, 32)}` as SessionId;
}

/** A foreign name as it is stored; what cannot stand as it is stands as JSON. */
export const storedName = (name: string): string =>
  name === '' || name.startsWith('"') || !isWellFormed(name) ? JSON.stringify(name) : name;

/** The name that is stored so. What `storedName` never made is a name as it is. */
export const foreignName = (stored: string): string => {
  if (!stored.startsWith('"')) return stored;
  try {
    return JSON.parse(stored) as string;
  } catch {
    return stored;
  }
};

/** Whether `storedName` could have made it; '' is the main transcript. */
export const isStoredName = (text: string): boolean =>
  text === '' || storedName(foreignName(text)) === text;

const MARK = 'uuid/';
const PLAIN_UUID = /^[A-Za-z0-9-]{1,100}$/;

/** How the marks of a transcript's lines begin, which stand among the session's responses. */
export const marksOf = (subpath: string): string =>
  `${MARK}${sha256(subpath, 'base64url').slice(0, 22)}/`;

/** Says that a line of this uuid is stored. */
export const markOf = (marks: string, uuid: string): string =>
  marks + (PLAIN_UUID.test(uuid) ? uuid : `#${sha256(JSON.stringify(uuid), 'base64url')}`);

export const isMark = (responseKey: string): boolean => responseKey.startsWith(MARK);

/** A response's key where marks stand too: whatever it is, it is no mark. */
export const unlikeMark = (responseKey: string): string =>
  isMark(responseKey) ? ` ${responseKey}` : responseKey;

const sha256 = (text: string, encoding: 'hex' | 'base64url'): string =>
  createHash('sha256').update(text).digest(encoding);
