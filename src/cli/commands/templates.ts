/** `greenroom templates`: settings of sessions by name, with a prompt that has places for variables. */
import type { TemplateView } from '../../session/verbs/template-verbs.ts';
import { ago } from '../format.ts';
import type { Registration } from '../invocation.ts';
import { registerDefinitions, registerPut, registerShow } from './definition-commands.ts';

export const registerTemplates = (registration: Registration): void => {
  const templates = registration.program
    .command('templates')
    .description('settings of sessions by name, with a prompt: what tasks begin with');
  registerShow(
    registration,
    templates,
    'template',
    async (daemon, name) => (await daemon.sessions('templates.get', { name })).template,
  );
  registerPut(
    registration,
    templates,
    async (daemon, asked) => (await daemon.sessions('templates.put', asked)).template,
  );
  registerDefinitions<TemplateView>(registration, templates, {
    kind: 'template',
    deletes: 'delete one that no task begins with',
    columns: [
      ...[{ head: 'template' }, { head: 'version' }, { head: 'updated' }],
      { head: 'prompt', least: 20 },
    ],
    row: ({ name, version, updatedAt, prompt, description }, { shell }) => [
      ...[name, String(version), ago(updatedAt, shell.nowMs()), description ?? prompt ?? ''],
    ],
    list: async (daemon, page) => {
      const { templates: found, ...next } = await daemon.sessions('templates.list', page);
      return { found, ...next };
    },
    remove: (daemon, name) => daemon.sessions('templates.delete', { name }),
  });
};
