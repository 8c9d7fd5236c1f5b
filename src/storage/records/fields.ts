/**
 * Our own objects as flat lists `[field, value, field, value, …]`, where a field that this table knows
 * stands as its number. Heads, turns and entries mostly consist of their field names; so they take
 * less than half the room, and their pages, checksums and copies cost as much less.
 *
 * 1. A number means its field for ever: new fields go to the end, old ones stay.
 * 2. A field that is not in the table stands as its name, and survives. So does a field of the table whose value
 *    is not of the kind that the table says: a record may have a field of that name which another program gave it.
 * 3. What callers give (metadata, details) is left as it is, inside its field.
 */
import type { Packer } from './packer.ts';

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
  ...['segments', 'compaction', 'lastCompactionTurn', 'previousSeq', 'position'],
  ...['traceId'],
  ...['runs', 'phase', 'run', 'tried', 'for', 'dueMs'],
  ...['toolsUsed'],
  ...['tools', 'toolMemory', 'cwd', 'files', 'answerSeq', 'calls', 'toolUseId', 'name', 'state'],
  ...['asked', 'reason', 'commands', 'suggestions', 'effect', 'isAlone', 'input'],
  ...['permissionCheckCount', 'hookExecutionCount', 'stop', 'realPath', 'event', 'stopBlocks'],
  ...['childOf', 'depth'],
  ...['thinking', 'effort', 'outputFormat'],
  ...['childrenCostNanoUsd'],
  ...['yields', 'completedAtMs', 'idleEndMinutes'],
  ...['mcpServers'],
  ...['question', 'form'],
  ...['lastAnswerId', 'cacheMisses', 'missedInputTokens'],
  ...['toolsFound'],
  ...['runMs', 'toolRuns', 'toolMs', 'snapshots', 'snapshotAtMs'],
  ...['fallbackModel'],
  ...['context', 'contextUse', 'tokens', 'bytes', 'keptSeqs', 'room', 'windowTokens'],
  ...['clearing'],
  ...['delayed', 'approvals', 'execution', 'taskId', 'templateVersion', 'scheduleId'],
  ...['resultData', 'errorMessage'],
  ...['budget', 'reserved', 'nanoUsd', 'tallies', 'tally', 'limitNanoUsd', 'usedNanoUsd'],
  ...['neededNanoUsd', 'endsMs', 'lastPrompt'],
  ...['branches'],
  ...['archiveId'],
  ...['serverTools', 'container', 'expiresAtMs'],
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
  'compaction',
  'phase',
  'toolMemory',
  'asked',
  'childOf',
  'question',
  'context',
  'contextUse',
  'room',
  'clearing',
  'execution',
  'reserved',
  'lastPrompt',
  'container',
];
/** Fields whose value is a list of such objects. */
const LISTS = ['openTurns', 'delayed', 'segments', 'calls', 'cacheMisses'];

interface Field {
  readonly number: number;
  readonly name: string;
  readonly isObject: boolean;
  readonly isList: boolean;
}

const BY_NUMBER: readonly Field[] = FIELDS.map((name, number) => ({
  number,
  name,
  isObject: OBJECTS.includes(name),
  isList: LISTS.includes(name),
}));
const BY_NAME: ReadonlyMap<string, Field> = new Map(BY_NUMBER.map((field) => [field.name, field]));

/**
 * Without the field `except`, and without `undefined` ones, which would come back as fields that are
 * there. Throws `invalid_request` for what cannot be stored.
 */
export const packFields = (out: Packer, value: object, except?: string): void => {
  const begun = out.beginList();
  let length = 0;
  for (const name in value) {
    const part: unknown = (value as Record<string, unknown>)[name];
    if (part === undefined || name === except) continue;
    length += 2;
    packField(out, name, part);
  }
  out.endList(begun, length);
};

const packField = (out: Packer, name: string, part: unknown): void => {
  const field = BY_NAME.get(name);
  if (field === undefined) {
    if (name === '__proto__') return out.value({ ['__proto__']: part }); // refused there
    return packNamed(out, name, part);
  }
  if (field.isObject && typeof part === 'object' && part !== null) {
    if (!isOurs(part)) return packNamed(out, name, part);
    out.number(field.number);
    return packFields(out, part);
  }
  if (field.isList) return packList(out, field, part);
  out.number(field.number);
  out.value(part);
};

const packNamed = (out: Packer, name: string, part: unknown): void => {
  out.string(name);
  out.value(part);
};

const packList = (out: Packer, field: Field, part: unknown): void => {
  if (!Array.isArray(part) || !part.every(isOurs)) return packNamed(out, field.name, part);
  out.number(field.number);
  out.list(part.length);
  for (const each of part) packFields(out, each);
};

/** Whether it can stand as a flat list: one that is a list itself would come back as an object. */
const isOurs = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The other way. Throws for a number that this version does not know. */
export const fromFields = (flat: unknown): unknown => {
  if (!Array.isArray(flat)) return flat;
  const value: Record<string, unknown> = {};
  for (let at = 0; at < flat.length; at += 2) {
    const name: unknown = flat[at];
    const part: unknown = flat[at + 1];
    if (typeof name === 'string') value[name] = part;
    else {
      const field = fieldOf(name);
      value[field.name] = wholePart(field, part);
    }
  }
  return value;
};

const wholePart = (field: Field, part: unknown): unknown => {
  if (field.isObject) return fromFields(part);
  return field.isList && Array.isArray(part) ? part.map(fromFields) : part;
};

const fieldOf = (number: unknown): Field => {
  const field = BY_NUMBER[number as number];
  if (field === undefined) throw new TypeError(`no field has the number ${String(number)}`);
  return field;
};
