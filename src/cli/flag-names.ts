/**
 * The daemon names the field that is wrong with a request, as programs write it. Who typed an option, or a key of a
 * query, is told of that. Pure.
 */
import type { Failure } from './failure.ts';

/** Options that are called otherwise than their field. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  tags: ['--tag'],
  noTags: ['--without-tag'],
  createdAfter: ['--after'],
  createdBefore: ['--before'],
  spentAfter: ['--after'],
  spentBefore: ['--before'],
  minCostUsd: ['--min-cost'],
  maxCostUsd: ['--max-cost'],
  maxUsd: ['--budget'],
  workingDirectory: ['--cwd'],
  underDirectory: ['--under', '--cwd'],
  parentId: ['--parent'],
  maxAgeDays: ['--older-than'],
  allowedTools: ['--allow'],
  disallowedTools: ['--deny'],
  serverTools: ['--server-tool'],
  mcpServers: ['--mcp-config'],
  compactAtTokens: ['--compact-at'],
  windowTokens: ['--window'],
};

const range = (key: string, least: string, most: string) => ({
  [least]: `the lower end of ${key}:`,
  [most]: `the upper end of ${key}:`,
});

/** What a query calls it. */
const KEYS: Readonly<Record<string, string>> = {
  ...range('cost', 'minCostUsd', 'maxCostUsd'),
  ...range('tokens', 'minTokens', 'maxTokens'),
  ...range('turns', 'minTurns', 'maxTurns'),
  ...range('created', 'createdAfter', 'createdBefore'),
  ...range('updated', 'updatedAfter', 'updatedBefore'),
  tags: 'tag:',
  workingDirectory: 'dir:',
  parentId: 'parent:',
  childOf: 'child:',
  externalKey: 'key:',
  projectKey: 'project:',
  templateId: 'template:',
  permissionMode: 'permission:',
};

const CODES: readonly unknown[] = ['invalid_criteria', 'invalid_request', 'invalid_settings'];

/** @param args of the call, as they were typed. */
export const inTypedWords = (failure: Failure, args: readonly string[]): Failure => {
  if (!CODES.includes(failure.code)) return failure;
  const isOfQuery = failure.message.startsWith('nothing can meet');
  const typed = (whole: string, field: string): string =>
    optionOf(field, args) ?? (isOfQuery ? KEYS[field] : undefined) ?? whole;
  const message = failure.message
    .replaceAll(FIELD, typed)
    .replaceAll(
      SHORT_FIELD,
      (whole, before: string, field: string) => before + typed(whole.slice(before.length), field),
    );
  return { ...failure, message };
};

/** `limits.maxCostUsd`, `noTags.0`: nothing else looks so. */
const FIELD = /\b(?:[a-z]\w*\.)*([a-z]+[A-Z]\w*)(?:\.\d+)?/g;
/** `tags.0` may be any word, so it counts where a sentence begins. */
const SHORT_FIELD = /(^|; |all: )([a-z]+)(?:\.\d+)?(?=: | asks | leaves | cannot )/g;

const optionOf = (field: string, args: readonly string[]): string | undefined => {
  const sameName = `--${field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return [...(OPTIONS[field] ?? []), sameName].find((option) =>
    args.some((arg) => arg === option || arg.startsWith(`${option}=`)),
  );
};
