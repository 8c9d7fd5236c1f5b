/** Templates, tasks and schedules, as programs use them; embedded or over NATS. */
import type { SessionsApi } from '../verbs/api.ts';
import type { SessionsReplies, SessionsRequests } from '../verbs/registry.ts';
import type { ScheduleView } from '../verbs/schedule-verbs.ts';
import type { TaskView } from '../verbs/task-verbs.ts';
import type { TemplateView } from '../verbs/template-verbs.ts';

type PutTemplate = Omit<SessionsRequests['templates.put'], 'name'>;
type PutTask = Omit<SessionsRequests['tasks.put'], 'name'>;
type PutSchedule = Omit<SessionsRequests['schedules.put'], 'name'>;
type RunTask = Omit<SessionsRequests['tasks.run'], 'name'>;
type Executions = Omit<SessionsRequests['tasks.executions'], 'name'>;

/** Settings of sessions by name, with a prompt that has places for variables. */
export class TemplatesFacade {
  readonly #api: SessionsApi;

  constructor(api: SessionsApi) {
    this.#api = api;
  }

  /** Makes or replaces it, whole; `version` counts that. */
  async put(name: string, template: PutTemplate): Promise<TemplateView> {
    return (await this.#api.sessions('templates.put', { ...template, name })).template;
  }

  /** Rejects with `definition_not_found`, as `delete` does. */
  async get(name: string): Promise<TemplateView> {
    return (await this.#api.sessions('templates.get', { name })).template;
  }

  /** By name, 100 a page. */
  list(page: SessionsRequests['templates.list'] = {}): Promise<SessionsReplies['templates.list']> {
    return this.#api.sessions('templates.list', page);
  }

  /** `invalid_state` while a task begins with it. */
  async delete(name: string): Promise<void> {
    await this.#api.sessions('templates.delete', { name });
  }
}

/** What is done in a background session of its own each time that it runs. */
export class TasksFacade {
  readonly #api: SessionsApi;

  constructor(api: SessionsApi) {
    this.#api = api;
  }

  /** Makes or replaces it, whole. */
  async put(name: string, task: PutTask): Promise<TaskView> {
    return (await this.#api.sessions('tasks.put', { ...task, name })).task;
  }

  /** Rejects with `definition_not_found`, as `run` and `delete` do. */
  async get(name: string): Promise<TaskView> {
    return (await this.#api.sessions('tasks.get', { name })).task;
  }

  /** By name, 100 a page. */
  list(page: SessionsRequests['tasks.list'] = {}): Promise<SessionsReplies['tasks.list']> {
    return this.#api.sessions('tasks.list', page);
  }

  /** `invalid_state` while a schedule runs it. Its runs stay. */
  async delete(name: string): Promise<void> {
    await this.#api.sessions('tasks.delete', { name });
  }

  /**
   * Begins a run, and resolves when that is durable; with the same `turnId` it is the same run, however often it is asked
   * for. `invalid_settings` names a variable that has no value, or that the prompt has no place for.
   */
  run(name: string, how: RunTask = {}): Promise<SessionsReplies['tasks.run']> {
    return this.#api.sessions('tasks.run', { ...how, name });
  }

  /** Its runs, newest first, 20 a page, at most 50: how each ended, with what result, at what cost. */
  executions(name: string, page: Executions = {}): Promise<SessionsReplies['tasks.executions']> {
    return this.#api.sessions('tasks.executions', { ...page, name });
  }
}

/** When tasks run by themselves. */
export class SchedulesFacade {
  readonly #api: SessionsApi;

  constructor(api: SessionsApi) {
    this.#api = api;
  }

  /** Makes or replaces it, whole; what it has done, and whether it is paused, stays. */
  async put(name: string, schedule: PutSchedule): Promise<ScheduleView> {
    return (await this.#api.sessions('schedules.put', { ...schedule, name })).schedule;
  }

  /** Rejects with `definition_not_found`, as the others with a name do. */
  async get(name: string): Promise<ScheduleView> {
    return (await this.#api.sessions('schedules.get', { name })).schedule;
  }

  /** By name, 100 a page. */
  list(page: SessionsRequests['schedules.list'] = {}): Promise<SessionsReplies['schedules.list']> {
    return this.#api.sessions('schedules.list', page);
  }

  /** What it has begun goes on. */
  async delete(name: string): Promise<void> {
    await this.#api.sessions('schedules.delete', { name });
  }

  /** It begins nothing until it is resumed. */
  async pause(name: string): Promise<ScheduleView> {
    return (await this.#api.sessions('schedules.pause', { name })).schedule;
  }

  /** What was due meanwhile is not made up for. */
  async resume(name: string): Promise<ScheduleView> {
    return (await this.#api.sessions('schedules.resume', { name })).schedule;
  }
}
