/** `greenroom templates`: settings of sessions by name, with a prompt that has places for variables. */
import type { TemplateView } from '../../session/verbs/template-verbs.ts';
import { definitionFrom, listed } from '../definitions.ts';
import { ago, facts } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { type Column, table } from '../table.ts';

export const registerTemplates = (registration: Registration): void => {
  const templates = registration.program
    .command('templates')
    .description('settings of sessions by name, with a prompt: what tasks begin with');
  templates
    .command('list')
    .description('by name')
    .action(
      act<[], object>(registration, (run) =>
        run.withDaemon(async (daemon) => {
          const found = await listed(async (page) => {
            const { templates: some, nextCursor } = await daemon.sessions('templates.list', page);
            return { found: some, nextCursor };
          });
          run.out.many(found, () => templateTable(found, run));
          if (found.length === 0) run.out.note('there is no template');
        }),
      ),
    );
  templates
    .command('show <name>')
    .description('one template')
    .action(
      act<[string], object>(registration, (run, [name]) =>
        run.withDaemon(async (daemon) => {
          const { template } = await daemon.sessions('templates.get', { name });
          run.out.one(template, () => facts({ ...template }));
        }),
      ),
    );
  templates
    .command('put <name> <file>')
    .description('make or replace one, from a file of JSON; - is the standard input')
    .action(
      act<[string, string], object>(registration, async (run, [name, file]) => {
        const asked = await definitionFrom(run.shell, file);
        return run.withDaemon(async (daemon) => {
          const { template } = await daemon.sessions('templates.put', { ...asked, name });
          run.out.one(template, () => `${template.name}: version ${template.version}\n`);
        });
      }),
    );
  templates
    .command('delete <name>')
    .description('delete one that no task begins with')
    .action(
      act<[string], object>(registration, (run, [name]) =>
        run.withDaemon(async (daemon) => {
          const deleted = await daemon.sessions('templates.delete', { name });
          run.out.one(deleted, () => `${name}: deleted\n`);
        }),
      ),
    );
};

const COLUMNS: readonly Column[] = [
  { head: 'template' },
  { head: 'version' },
  { head: 'updated' },
  { head: 'prompt', least: 20 },
];

const templateTable = (found: readonly TemplateView[], run: Invocation): string =>
  table(
    COLUMNS,
    found.map(({ name, version, updatedAt, prompt, description }) => [
      ...[name, String(version), ago(updatedAt, run.shell.nowMs()), description ?? prompt ?? ''],
    ]),
    run.out.width,
  );
