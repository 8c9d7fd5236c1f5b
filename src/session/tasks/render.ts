/** What a run of a task begins with: its prompt and its settings, from the task, its template and the variables. */
import { GreenroomError } from '../../model/errors.ts';
import type { Settings } from '../../model/head.ts';
import type { Task, Template, Variables } from './records.ts';

/** `{{name}}`, with spaces or without. */
const PLACE = /\{\{\s*([A-Za-z_][A-Za-z0-9_-]{0,63})\s*\}\}/g;

/** Longest text with its values, in characters: no message of it would be taken that is longer. */
const MAX_FILLED = 8 * 1024 * 1024;

export interface Rendered {
  readonly prompt: string;
  readonly settings: Settings;
}

/** With this tag the sessions of a task are found. */
export const taskTag = (task: string): string => `task:${task}`;

/**
 * Throws `invalid_settings`, with the name, for a variable that is used and has no value, and for one that is given and
 * not used; besides for a task that has no prompt, and for a template that allows everything.
 */
export const rendered = (
  name: string,
  task: Task,
  template: Template | undefined,
  given: Variables,
): Rendered => {
  const texts = textsOf(task, template);
  const values = { ...template?.variables, ...task.variables, ...given };
  mustFit(namesIn(texts), values);
  const { tags: _, ...settings } = { ...template?.settings, ...task.settings };
  const tags = [...(template?.settings?.tags ?? []), ...(task.settings?.tags ?? []), taskTag(name)];
  const { systemPrompt } = texts;
  return {
    prompt: filled(texts.prompt, values),
    settings: {
      ...settings,
      ...(systemPrompt === undefined ? {} : { systemPrompt: filled(systemPrompt, values) }),
      ...(task.template === undefined ? {} : { templateId: task.template }),
      title: `Task: ${name}`,
      mode: 'background',
      tags,
    },
  };
};

/** A value that stands nowhere may be one that is missing, under another name: both are said. */
const mustFit = (used: ReadonlySet<string>, values: Variables): void => {
  const [missing] = [...used].filter((variable) => !Object.hasOwn(values, variable));
  const [unused] = Object.keys(values).filter((variable) => !used.has(variable));
  if (missing === undefined && unused === undefined) return;
  if (missing === undefined) throw wrong(unused ?? '', NOWHERE);
  throw wrong(missing, `it has no value${unused === undefined ? '' : `; ${unused}: ${NOWHERE}`}`);
};

const NOWHERE = 'it stands nowhere in the prompt';

/** Whether some run can begin: one may bring the values that are missing, but takes none away. Throws as `rendered` does. */
export const mustBeRunnable = (name: string, task: Task, template: Template | undefined): void => {
  const used = namesIn(textsOf(task, template));
  const missing = [...used].map((variable) => [variable, ''] as const);
  rendered(name, task, template, {
    ...Object.fromEntries(missing),
    ...template?.variables,
    ...task.variables,
  });
};

interface Texts {
  readonly prompt: string;
  readonly systemPrompt: string | undefined;
}

const textsOf = (task: Task, template: Template | undefined): Texts => {
  const prompt = task.prompt ?? template?.prompt;
  if (prompt === undefined)
    throw new GreenroomError('invalid_settings', 'prompt: neither task nor template has one', {
      details: { field: 'prompt' },
    });
  mustAllowItself(task, template);
  return { prompt, systemPrompt: task.settings?.systemPrompt ?? template?.settings?.systemPrompt };
};

const ALLOWS_ALL: readonly unknown[] = ['bypassPermissions', 'enabled'];

/** That a task may do everything without being asked is said at the task, not at what it begins with. */
const mustAllowItself = ({ settings }: Task, template: Template | undefined): void => {
  const mode = settings?.permissionMode ?? template?.settings?.permissionMode;
  if (settings?.permissionMode !== undefined || !ALLOWS_ALL.includes(mode)) return;
  throw new GreenroomError(
    'invalid_settings',
    `permissionMode: the template says ${mode}: the task itself has to say that`,
    { details: { field: 'permissionMode' } },
  );
};

const namesIn = ({ prompt, systemPrompt = '' }: Texts): ReadonlySet<string> =>
  new Set([...`${prompt}\n${systemPrompt}`.matchAll(PLACE)].map(([, name = '']) => name));

/** Each place once: what a value holds is no place. Throws `too_large` before the text is made. */
const filled = (text: string, values: Variables): string => {
  let length = text.length;
  for (const [place, name = ''] of text.matchAll(PLACE))
    length += String(values[name]).length - place.length;
  if (length > MAX_FILLED)
    throw new GreenroomError(
      'too_large',
      `variables: with their values a text is at most ${MAX_FILLED} characters, this one has ${length}`,
    );
  return text.replaceAll(PLACE, (_, name: string) => String(values[name]));
};

const wrong = (variable: string, why: string): GreenroomError =>
  new GreenroomError('invalid_settings', `variables: ${variable}: ${why}`, {
    details: { field: 'variables', variable },
  });
