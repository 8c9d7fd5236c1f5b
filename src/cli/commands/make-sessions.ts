/** `greenroom sessions create`, `update` and `rename`: a session's settings. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Thinking } from '../../model/answering.ts';
import type { BudgetPeriod } from '../../model/budget.ts';
import { codeOf } from '../../model/errors.ts';
import { given } from '../../model/given.ts';
import {
  APPROVAL_POLICIES,
  BUDGET_PERIODS,
  BUSY_POLICIES,
  COMPACT_MODES,
  EFFORTS,
  MODES,
  PERMISSION_MODES,
} from '../../model/words.ts';
import type { SessionRequests } from '../../session/verbs/registry.ts';
import { usageError } from '../failure.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { mcpServersFrom } from '../mcp-config.ts';
import { withSession } from '../session-name.ts';
import { sessionText } from '../session-text.ts';
import type { DaemonClient, Shell } from '../shell.ts';
import {
  collect,
  collectNames,
  collectServerTools,
  parseCount,
  parseMoney,
  parseThinking,
  parseWord,
} from '../values.ts';

interface Options {
  readonly title?: string;
  readonly description?: string;
  readonly tag?: readonly string[];
  readonly owner?: string;
  readonly externalKey?: string;
  readonly model?: string;
  readonly systemPrompt?: string;
  readonly cwd?: string;
  readonly mode?: string;
  readonly onBusy?: string;
  readonly tools?: readonly string[];
  readonly serverTool?: readonly object[];
  readonly permissionMode?: string;
  readonly approvals?: string;
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly compact?: string;
  readonly compactAt?: number;
  readonly window?: number;
  readonly keepToolResults?: number;
  readonly continuations?: number;
  readonly maxTokens?: number;
  readonly maxTurns?: number;
  readonly maxSteps?: number;
  readonly maxCost?: number;
  readonly thinking?: Thinking;
  readonly effort?: string;
  readonly approvalMinutes?: number;
  readonly idleEndMinutes?: number;
  readonly fallbackModel?: string;
  readonly mcpConfig?: string;
  readonly budget?: number | 'none';
  readonly budgetPer?: BudgetPeriod;
}

type Settings = SessionRequests['create'];

export const registerMaking = (registration: Registration): void => {
  const { program } = registration;
  withSettings(
    'its tags',
    program.command('create <session>').description('a session without a turn yet'),
  ).action(
    act<[string], Options>(registration, (run, [sessionId], options) =>
      run.withDaemon(async (daemon) => {
        const { session } = await daemon.session(
          sessionId,
          'create',
          settingsOf(run.shell, options),
        );
        run.out.one(session, () => sessionText(session));
        noteFolder(run, options);
      }),
    ),
  );
  withSettings(
    'its tags; they replace those that it has',
    program.command('update <session>').description('change settings; what is not named stays'),
  ).action(
    act<[string], Options>(registration, (run, [words], options) => {
      const settings = settingsOf(run.shell, options);
      if (Object.keys(settings).length === 0)
        throw usageError('there is nothing to change', 'add --help to see what can be set');
      return run.withDaemon(async (daemon) => {
        const { session } = await withSession(daemon, words, (id) => update(daemon, id, settings));
        run.out.one(session, () => sessionText(session));
        noteFolder(run, options);
      });
    }),
  );
  program
    .command('rename <session> <title...>')
    .description('give a session another title; its id stays')
    .action(
      act<[string, string[]]>(registration, (run, [words, title]) =>
        run.withDaemon(async (daemon) => {
          const { session } = await withSession(daemon, words, (id) =>
            daemon.session(id, 'update', { title: title.join(' ') }),
          );
          run.out.one(session, () => `${session.sessionId}: ${session.title ?? ''}\n`);
        }),
      ),
    );
};

/** No refusal: the daemon may be on another machine, and the folder may be made yet. */
const noteFolder = ({ shell, out }: Invocation, { cwd }: Options): void => {
  if (cwd === undefined) return;
  const folder = resolve(shell.cwd, cwd);
  if (isFolder(folder)) return;
  out.note(`${folder} is no folder here: its tools fail unless it is one where the daemon runs`);
};

const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

/** A session at work changes all the time. */
const MAX_TRIES = 20;

/** Limits are one setting, and so is the context: those parts that are not named stay, as they are when others are set. */
const update = async (daemon: DaemonClient, sessionId: string, settings: Settings) => {
  if (settings.limits === undefined && settings.context === undefined)
    return daemon.session(sessionId, 'update', settings);
  for (let left = MAX_TRIES; ; left -= 1) {
    const { session } = await daemon.session(sessionId, 'get', {});
    const wish = {
      ...settings,
      ...(settings.limits && { limits: { ...session.limits, ...settings.limits } }),
      ...(settings.context && { context: { ...session.context, ...settings.context } }),
      expectedVersion: session.version,
    };
    try {
      return await daemon.session(sessionId, 'update', wish);
    } catch (error) {
      if (codeOf(error) !== 'version_conflict' || left === 1) throw error;
    }
  }
};

const withSettings = (tags: string, command: Command): Command =>
  command
    .option('--title <text>', 'title')
    .option('--description <text>', 'what it is about')
    .option('--tag <tag>', tags, collect)
    .option('--owner <name>', 'whose it is')
    .option('--external-key <key>', 'your name for it')
    .option('--model <name>', 'model of its turns')
    .option('--fallback-model <name>', 'asked in its place when that one does not answer')
    .option('--system-prompt <text>', 'system prompt')
    .option('--thinking <how>', 'adaptive, off, or so many tokens', parseThinking)
    .option('--effort <level>', EFFORTS.join(', '), parseWord(EFFORTS))
    .option('--cwd <dir>', 'working directory: its model gets tools that work there')
    .option(
      '--tools <name>',
      'a tool that its model is offered, or several, with commas between; default: all, with --cwd',
      collectNames,
    )
    .option(
      '--server-tool <tool>',
      'a tool that the API runs: its type, or JSON with its options, as {"type":"web_search_20250305","max_uses":3}',
      collectServerTools,
    )
    .option(
      '--permission-mode <mode>',
      PERMISSION_MODES.slice(0, 5).join(', '),
      parseWord(PERMISSION_MODES),
    )
    .option(
      '--approvals <rule>',
      'what a person would be asked about: wait, or deny',
      parseWord(APPROVAL_POLICIES),
    )
    .option('--allow <rule>', 'a permission rule: such tool calls need no asking', collect)
    .option('--deny <rule>', 'a permission rule: such tool calls are refused', collect)
    .option('--mcp-config <file>', 'MCP servers of its own, in the form of .mcp.json')
    .option('--mode <mode>', MODES.join(', '), parseWord(MODES))
    .option(
      '--on-busy <policy>',
      'what a message does while a turn is open: enqueue, reject, interrupt or rollback',
      parseWord(BUSY_POLICIES),
    )
    .option(
      '--compact <who>',
      'who sums up what is old when it outgrows its model: auto, server or off',
      parseWord(COMPACT_MODES),
    )
    .option('--compact-at <tokens>', 'tokens at which that begins', parseCount)
    .option('--window <tokens>', 'tokens that its model reads at once', parseCount)
    .option('--keep-tool-results <n>', 'results of tools that stay in view, the newest', parseCount)
    .option(
      '--continuations <n>',
      'how often an answer that is cut off is gone on with',
      parseCount,
    )
    .option('--max-tokens <n>', 'tokens of one answer at most', parseCount)
    .option('--max-turns <n>', 'turns at most', parseCount)
    .option('--max-steps <n>', 'model calls of a turn at most', parseCount)
    .option('--max-cost <usd>', 'money at most', parseMoney)
    .option(
      '--budget <usd>',
      'money beyond which a person is asked for more; none lifts it',
      parseBudget,
    )
    .option('--budget-per <period>', BUDGET_PERIODS.join(', '), parseWord(BUDGET_PERIODS))
    .option(
      '--approval-minutes <n>',
      'how long a tool call waits for a person before it is denied',
      parseCount,
    )
    .option(
      '--idle-end-minutes <n>',
      'it ends as completed when nothing has come to it for so long',
      parseCount,
    );

const parseBudget = (text: string): number | 'none' => (text === 'none' ? text : parseMoney(text));

const budgetOf = ({ budget, budgetPer }: Options): Settings['budget'] => {
  if (budget === undefined && budgetPer !== undefined)
    throw usageError('--budget-per goes with --budget', 'give the amount too');
  return budget === undefined || budget === 'none'
    ? budget
    : given({ maxUsd: budget, per: budgetPer });
};

/** The daemon checks the values. It stands in another folder than who types a path here. */
const settingsOf = ({ cwd: here }: Shell, options: Options): Settings => {
  const { tag, cwd, tools, permissionMode, approvals, allow, deny, maxTurns, maxSteps, maxCost } =
    options;
  const { approvalMinutes, mcpConfig, serverTool: serverTools } = options;
  const limits = given({ maxTurns, maxSteps, maxCostUsd: maxCost, approvalMinutes });
  const { title, description, owner, externalKey, model, systemPrompt, mode, onBusy, maxTokens } =
    options;
  const { thinking, effort, idleEndMinutes, fallbackModel } = options;
  return given({
    ...{ title, description, owner, externalKey, model, systemPrompt, mode, onBusy, maxTokens },
    ...{
      tools,
      serverTools,
      permissionMode,
      approvals,
      allowedTools: allow,
      disallowedTools: deny,
    },
    ...{ thinking, effort, idleEndMinutes, fallbackModel, budget: budgetOf(options) },
    tags: tag,
    workingDirectory: cwd === undefined ? undefined : resolve(here, cwd),
    mcpServers: mcpConfig === undefined ? undefined : mcpServersFrom(mcpConfig, here),
    ...{ limits: unlessEmpty(limits), context: unlessEmpty(contextOf(options)) },
  }) as Settings;
};

const contextOf = ({ compact, compactAt, window, keepToolResults, continuations }: Options) =>
  given({
    ...{ compact, compactAtTokens: compactAt, windowTokens: window },
    ...{ keepToolResults, continuations },
  });

const unlessEmpty = <T extends object>(parts: T): T | undefined =>
  Object.keys(parts).length === 0 ? undefined : parts;
