/** Verbs on templates: named settings of sessions, with a prompt that has places for variables. */
import { z } from 'zod';
import { GreenroomError } from '../../model/errors.ts';
import { type StoredTask, type StoredTemplate, Template } from '../tasks/records.ts';
import { definitionVerbs } from './definition-verbs.ts';
import { Definitions, nowOf, shownSettings, timesOf, viewOf, viewShape } from './definitions.ts';
import { mustBeRules, mustBeServers, mustBeTools } from './rule-settings.ts';

export const templates = new Definitions<StoredTemplate>('template');
export const tasks = new Definitions<StoredTask>('task');

export const TemplateView = z.strictObject({ ...viewShape, ...Template.shape });
export type TemplateView = Readonly<z.output<typeof TemplateView>>;

export const templateVerbs = definitionVerbs({
  kind: 'template',
  stored: templates,
  asked: Template.shape,
  View: TemplateView,
  view: (known): TemplateView => ({ ...viewOf(known), ...shownSettings(known.record.settings) }),
  made: async (work, template) => {
    mustBeRules(work, template.settings ?? {});
    mustBeServers(work, template.settings ?? {});
    mustBeTools(work, template.settings ?? {});
    return (before) => ({ record: { ...template, ...timesOf(before, nowOf(work)) } });
  },
  mayGo: async (work, name) => {
    const user = (await tasks.all(work)).find(({ record }) => record.template === name);
    if (user !== undefined)
      throw new GreenroomError('invalid_state', `the task ${user.key.name} begins with it`);
  },
});
