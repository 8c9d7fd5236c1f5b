/** Verbs on templates: named settings of sessions, with a prompt that has places for variables. */
import { z } from 'zod';
import { GreenroomError } from '../../model/errors.ts';
import { type StoredTask, type StoredTemplate, Template } from '../tasks/records.ts';
import {
  Definitions,
  Deleted,
  ListRequest,
  Named,
  nowOf,
  putShape,
  shownSettings,
  timesOf,
  viewOf,
  viewShape,
} from './definitions.ts';
import { nextCursor } from './reply-schemas.ts';
import { mustBeRules, mustBeServers } from './rule-settings.ts';
import { sessionsVerb } from './verb.ts';

export const templates = new Definitions<StoredTemplate>('template');
export const tasks = new Definitions<StoredTask>('task');

export const TemplateView = z.strictObject({ ...viewShape, ...Template.shape });
export type TemplateView = Readonly<z.output<typeof TemplateView>>;

const view = (known: Awaited<ReturnType<typeof templates.get>>): TemplateView => ({
  ...viewOf(known),
  ...shownSettings(known.record.settings),
});

const reply = z.strictObject({ template: TemplateView });

const put = sessionsVerb('templates.put', {
  request: z.strictObject({ ...putShape, ...Template.shape }),
  reply,
  run: async (work, { name, expectedVersion, ...template }) => {
    mustBeRules(work, template.settings ?? {});
    mustBeServers(work, template.settings ?? {});
    const stored = await templates.put(work, { name, expectedVersion }, (before) => ({
      record: { ...template, ...timesOf(before, nowOf(work)) },
    }));
    return { template: view(stored) };
  },
});

const get = sessionsVerb('templates.get', {
  request: Named,
  reply,
  run: async (work, { name }) => ({ template: view(await templates.get(work, name)) }),
});

const list = sessionsVerb('templates.list', {
  request: ListRequest,
  reply: z.strictObject({ templates: z.array(TemplateView), nextCursor }),
  run: async (work, page) => {
    const { found, ...next } = await templates.list(work, page);
    return { templates: found.map(view), ...next };
  },
});

const remove = sessionsVerb('templates.delete', {
  request: Named,
  reply: Deleted,
  run: async (work, { name }) => {
    const user = (await tasks.all(work)).find(({ record }) => record.template === name);
    if (user !== undefined)
      throw new GreenroomError('invalid_state', `the task ${user.key.name} begins with it`);
    return templates.remove(work, name);
  },
});

export const templateVerbs = {
  ...{ 'templates.put': put, 'templates.get': get },
  ...{ 'templates.list': list, 'templates.delete': remove },
};
