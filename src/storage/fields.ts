/**
 * Our own objects as flat lists `[field, value, field, value, …]`, where a field that this table knows
 * stands as its number. Heads, turns and entries mostly consist of their field names; so they take
 * less than half the room, and their pages, checksums and copies cost as much less.
 *
 * 1. A number means its field for ever: new fields go to the end, old ones stay.
 * 2. A field that is not in the table stands as its name, and survives.
 * 3. What callers give (metadata, details) is left as it is, inside its field.
 */

import { mustBeStorable } from './storable.ts';

/** Never reorder, never remove. */
const FIELDS = [
  ...['kind', 'seq', 'atMs', 'role', 'id', 'turnId', 'isPartial', 'model', 'provider'],
  ...['stopReason', 'usage', 'costNanoUsd', 'view', 'key', 'tenant', 'sessionId', 'version'],
  ...['createdAtMs', 'updatedAtMs', 'importedAtMs', 'status', 'tags', 'sideTranscripts'],
  ...['numTurns', 'messageCount', 'toolCallCount', 'errorCount', 'retryCount', 'unpricedAnswers'],
  ...['inheritedCostNanoUsd', 'parent', 'gitBranch', 'outputUnderReported', 'lastError'],
  ...['openTurns', 'title', 'description', 'summary', 'mode', 'owner', 'externalKey'],
  ...['templateId', 'metadata', 'systemPrompt', 'maxTokens', 'workingDirectory'],
  ...['permissionMode', 'allowedTools', 'disallowedTools', 'policies', 'hooks'],
  ...['includePartialMessages', 'onBusy', 'retry', 'limits', 'promptHash', 'acceptedAtMs'],
  ...['startedAtMs', 'steps', 'attempt', 'retries', 'options', 'finishedAtMs', 'error'],
  ...['lastSeq', 'inputTokens', 'outputTokens', 'cacheCreationInputTokens'],
  ...['cacheCreation5mInputTokens', 'cacheCreation1hInputTokens', 'cacheReadInputTokens'],
  ...['webSearchRequests', 'webFetchRequests', 'thinkingTokens', 'maxSteps', 'maxCostUsd'],
  ...['maxRetries', 'delayMs', 'timeoutMs', 'maxTurns', 'code', 'message', 'retryable'],
  ...['type', 'throughSeq', 'fromSeq', 'afterSeq', 'toolUseIds'],
] as const;

/** Fields whose value is an object of ours, flattened too. */
const OBJECTS = [
  'usage',
  'view',
  'key',
  'parent',
  'lastError',
  'retry',
  'limits',
  'options',
  'error',
];
/** Fields whose value is a list of such objects. */
const LISTS = ['openTurns'];

type Shape = 'plain' | 'object' | 'list';

interface Field {
  readonly number: number;
  readonly name: string;
  readonly shape: Shape;
}

const shapeOf = (name: string): Shape => {
  if (OBJECTS.includes(name)) return 'object';
  return LISTS.includes(name) ? 'list' : 'plain';
};

const BY_NUMBER: readonly Field[] = FIELDS.map((name, number) => ({
  number,
  name,
  shape: shapeOf(name),
}));
const BY_NAME: ReadonlyMap<string, Field> = new Map(BY_NUMBER.map((field) => [field.name, field]));

/**
 * Without the field `except`, and without `undefined` ones, which would come back as fields that are
 * there. Throws `invalid_request` for a field unknown to us that cannot be stored.
 */
export const flatten = (value: object, except?: string): unknown[] => {
  const flat: unknown[] = [];
  for (const name in value) {
    const part: unknown = (value as Record<string, unknown>)[name];
    if (part === undefined || name === except) continue;
    const field = BY_NAME.get(name);
    if (field !== undefined)
      flat.push(field.number, field.shape === 'plain' ? part : flatPart(field.shape, part));
    else {
      mustBeStorable({ [name]: part });
      flat.push(name, part);
    }
  }
  return flat;
};

const flatPart = (shape: Shape, part: unknown): unknown => {
  if (typeof part !== 'object' || part === null) return part;
  return shape === 'object' ? flatten(part) : (part as object[]).map((each) => flatten(each));
};

/** The other way. Throws for a number that this version does not know. */
export const unflatten = (flat: unknown): unknown => {
  if (!Array.isArray(flat)) return flat;
  const value: Record<string, unknown> = {};
  for (let at = 0; at < flat.length; at += 2) {
    const name: unknown = flat[at];
    if (typeof name === 'string') value[name] = flat[at + 1];
    else {
      const field = fieldOf(name);
      value[field.name] = wholePart(field.shape, flat[at + 1]);
    }
  }
  return value;
};

const wholePart = (shape: Shape, part: unknown): unknown => {
  if (shape === 'plain' || !Array.isArray(part)) return part;
  return shape === 'object' ? unflatten(part) : part.map(unflatten);
};

const fieldOf = (number: unknown): Field => {
  const field = BY_NUMBER[number as number];
  if (field === undefined) throw new TypeError(`no field has the number ${String(number)}`);
  return field;
};
