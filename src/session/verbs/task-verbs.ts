/** Verbs on tasks: what is to be done in a session of its own, its runs, and what became of them. */
import { z } from 'zod';
import { GreenroomError } from '../../model/errors.ts';
import { given } from '../../model/given.ts';
import type { Execution, Head } from '../../model/head.ts';
import { DefinitionName, TurnId } from '../../model/id-schemas.ts';
import { newTurnId } from '../../model/ids.ts';
import { iso } from '../../model/moment.ts';
import { usdOf } from '../../model/money.ts';
import { hasEnded } from '../../model/words.ts';
import { catalogName } from '../ports/catalog.ts';
import type { KnownSession } from '../ports/journal.ts';
import { isKnown } from '../ports/journal.ts';
import { Task, Variables } from '../tasks/records.ts';
import { mustBeRunnable, taskTag } from '../tasks/render.ts';
import { definitionVerbs } from './definition-verbs.ts';
import { nowOf, shownSettings, timesOf, viewOf, viewShape } from './definitions.ts';
import { nextCursor } from './reply-schemas.ts';
import { mustBeRules, mustBeServers, mustBeTools } from './rule-settings.ts';
import { beginRun } from './run-task.ts';
import { schedules } from './schedules.ts';
import { tasks, templates } from './template-verbs.ts';
import { journalOf, type SessionsWork, sessionsVerb } from './verb.ts';
import { criteriaFor, membership, type Whose, whoseShape } from './whose.ts';

export const TaskView = z.strictObject({ ...viewShape, ...Task.shape });
export type TaskView = Readonly<z.output<typeof TaskView>>;

const definitions = definitionVerbs({
  kind: 'task',
  stored: tasks,
  asked: Task.shape,
  View: TaskView,
  view: (known): TaskView => ({ ...viewOf(known), ...shownSettings(known.record.settings) }),
  made: async (work, task, name) => {
    mustBeRules(work, task.settings ?? {});
    mustBeServers(work, task.settings ?? {});
    mustBeTools(work, task.settings ?? {});
    const template = task.template && (await templates.get(work, task.template));
    mustBeRunnable(name, task, template ? template.record : undefined);
    return (before) => ({ record: { ...task, ...timesOf(before, nowOf(work)) } });
  },
  mayGo: async (work, name) => {
    const user = (await schedules.all(work)).find(({ record }) => record.task === name);
    if (user !== undefined)
      throw new GreenroomError('invalid_state', `the schedule ${user.key.name} runs it`);
  },
});

const RunReply = z.strictObject({
  sessionId: z.string(),
  turnId: z.string(),
  /** false: a run with this turn id had begun before, and this is it. */
  isNew: z.boolean(),
});

const run = sessionsVerb('tasks.run', {
  request: z.strictObject({
    name: DefinitionName,
    variables: Variables.optional().describe('values of the variables, by their names'),
    turnId: TurnId.optional().describe('your name for the run; sent again, it gives the same run'),
  }),
  reply: RunReply,
  run: async (work, { name, variables = {}, turnId = newTurnId(nowOf(work)) }) => {
    const { tenant, traceId } = work.context;
    return { ...(await beginRun(work, { tenant, task: name, variables, turnId, traceId })) };
  },
});

export const ExecutionView = z.strictObject({
  taskId: z.string(),
  sessionId: z.string(),
  turnId: z.string(),
  status: z.enum(['running', 'completed', 'failed']),
  /** What the model said last: the first 4,000 characters. */
  resultData: z.string().exactOptional(),
  errorMessage: z.string().exactOptional(),
  /** With its sub-agents; null: the price of a model that answered is not known. */
  costUsd: z.number().min(0).nullable(),
  attempt: z.int().min(0),
  templateVersion: z.int().exactOptional(),
  scheduleId: z.string().exactOptional(),
  /** The moment of the schedule that it is for. */
  dueAt: z.iso.datetime().exactOptional(),
  acceptedAt: z.iso.datetime(),
  startedAt: z.iso.datetime().exactOptional(),
  finishedAt: z.iso.datetime().exactOptional(),
});
export type ExecutionView = Readonly<z.output<typeof ExecutionView>>;

/** Of a page: with their results they fit into a message of any broker. */
export const MAX_EXECUTIONS = 50;

const executions = sessionsVerb('tasks.executions', {
  request: z.strictObject({
    name: DefinitionName,
    ...whoseShape,
    limit: z.int().min(1).max(MAX_EXECUTIONS).default(20),
    cursor: z.string().max(1_024).optional(),
  }),
  reply: z.strictObject({ executions: z.array(ExecutionView), nextCursor }),
  run: (work, request) => listed(work, request),
});

interface Page extends Whose {
  readonly name: string;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Newest first. A run is as durable as its session, and goes with it. */
const listed = async (work: SessionsWork, { name, limit, cursor, ...whose }: Page) => {
  const { tenant } = work.context;
  const catalog = work.caller.system.fetch(catalogName);
  const { rows, nextCursor: next } = await catalog.search(tenant, {
    ...{ tags: [taskTag(name)], sortBy: 'createdAt', order: 'desc', limit },
    ...criteriaFor(whose),
    ...(cursor === undefined ? {} : { cursor }),
  });
  const isOne = membership(whose);
  const found: ExecutionView[] = [];
  for (const { key } of rows) {
    const session = await journalOf(work).open(key);
    if (!isKnown(session) || isOne?.(session.head) === false) continue; // it went meanwhile
    const { execution } = session.head;
    if (execution?.taskId === name) found.push(await executionView(session, execution));
  }
  return { executions: found, ...(next === undefined ? {} : { nextCursor: next }) };
};

const executionView = async (
  session: KnownSession,
  { taskId, turnId, templateVersion, scheduleId, dueMs, resultData, errorMessage }: Execution,
): Promise<ExecutionView> => {
  const { head } = session;
  const open = head.openTurns.find((turn) => turn.turnId === turnId);
  const attempt = (open ?? (await session.turn(turnId)))?.attempt ?? 0;
  const { costNanoUsd, childrenCostNanoUsd = 0, unpricedAnswers } = head;
  return given<ExecutionView>({
    ...{ taskId, sessionId: session.key.sessionId, turnId, status: statusOf(head), attempt },
    ...{ templateVersion, scheduleId },
    resultData,
    errorMessage: errorMessage ?? (head.status === 'parked' ? head.lastError?.message : undefined),
    costUsd: unpricedAnswers > 0 ? null : usdOf(costNanoUsd + childrenCostNanoUsd),
    dueAt: isoIf(dueMs),
    acceptedAt: iso(head.createdAtMs),
    startedAt: isoIf(head.startedAtMs),
    finishedAt: isoIf(head.completedAtMs),
  });
};

const isoIf = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : iso(ms);

const statusOf = (head: Head): ExecutionView['status'] => {
  if (head.status === 'completed') return 'completed';
  return hasEnded(head) || head.status === 'parked' ? 'failed' : 'running';
};

export const taskVerbs = {
  ...definitions,
  ...{ 'tasks.run': run, 'tasks.executions': executions },
};
