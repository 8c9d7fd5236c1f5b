/**
 * Begins a run of a task: a turn in a background session of its own, which the task's name and the turn's id name. So a run
 * that is begun again is the same run.
 */
import { hash } from 'node:crypto';
import { GreenroomError } from '../../model/errors.ts';
import type { SessionId, SessionKey, Tenant, TurnId } from '../../model/ids.ts';
import type { TraceId } from '../../model/request-context.ts';
import { acceptTurn } from '../actor/accept-turn.ts';
import type { StoredTask, Variables } from '../tasks/records.ts';
import { rendered } from '../tasks/render.ts';
import { newTurn } from './requests.ts';
import { mustBeRules, mustBeServers, mustBeTools, mustHaveSandbox } from './rule-settings.ts';
import { tasks, templates } from './template-verbs.ts';
import type { Ground } from './verb.ts';

export interface TaskRun {
  readonly tenant: Tenant;
  readonly task: string;
  readonly variables: Variables;
  readonly turnId: TurnId;
  readonly traceId: TraceId;
  /** The schedule that begins it, and for which moment. */
  readonly scheduled?: { readonly scheduleId: string; readonly dueMs: number };
}

export interface BegunRun {
  readonly sessionId: string;
  readonly turnId: string;
  /** false: it had begun before. */
  readonly isNew: boolean;
}

const HASH_LENGTH = 24;

/** Where a run of a task takes place. */
export const sessionOfRun = ({ tenant, task, turnId }: TaskRun): SessionKey => {
  const name = hash('sha256', `${task}\0${turnId}`).slice(0, HASH_LENGTH);
  return { tenant, sessionId: `${task}-${name}` as SessionId };
};

/** Throws `definition_not_found`, `invalid_settings`, and what a turn is refused with. */
export const beginRun = async (ground: Ground, run: TaskRun): Promise<BegunRun> => {
  const { tenant, task: name, turnId, traceId, scheduled } = run;
  const task = await tasks.find(ground, { tenant, kind: 'task', name });
  if (task === undefined) throw missing('task', name);
  const template = await templateOf(ground, tenant, task.record);
  const { prompt, settings } = rendered(name, task.record, template?.record, run.variables);
  mustBeRules(ground, settings);
  mustBeServers(ground, settings);
  mustBeTools(ground, settings, 'before');
  mustHaveSandbox(ground, settings);
  const key = sessionOfRun(run);
  const turn = newTurn(turnId, traceId, { prompt });
  const execution = { taskId: name, turnId, templateVersion: template?.version, ...scheduled };
  const { answer } = await acceptTurn(ground.caller, key, {
    ...turn,
    settings: { ...settings, execution },
  });
  return { sessionId: key.sessionId, turnId, isNew: answer.type === 'turn' && answer.isNew };
};

const templateOf = async (ground: Ground, tenant: Tenant, { template: name }: StoredTask) => {
  if (name === undefined) return undefined;
  const found = await templates.find(ground, { tenant, kind: 'template', name });
  if (found === undefined) throw missing('template', name);
  return found;
};

const missing = (kind: string, name: string): GreenroomError =>
  new GreenroomError('definition_not_found', `there is no ${kind} ${name}`);
