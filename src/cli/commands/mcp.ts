/** `greenroom mcp`: the MCP servers of the daemon, and their tools that say something else than when they were first seen. */
import type { DaemonReplies } from '../../session/verbs/registry.ts';
import { facts } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { type Column, table } from '../table.ts';

type Server = DaemonReplies['tool-servers']['servers'][number];
type Changed = DaemonReplies['changed-tool'];

export const registerMcp = (registration: Registration): void => {
  const mcp = registration.program
    .command('mcp')
    .description('MCP servers, and tools of theirs that have changed');
  mcp
    .command('list')
    .description('all servers, and which of their tools wait to be accepted')
    .action(
      act(registration, (run) =>
        run.withDaemon(async (daemon) => {
          const { servers } = await daemon.daemon('tool-servers', {});
          run.out.many(servers, () => serverTable(servers, run));
          if (servers.length === 0) run.out.note('there are no MCP servers');
        }),
      ),
    );
  mcp
    .command('show <server> <tool>')
    .description('what a changed tool said at first sight, and what it says now')
    .action(
      act<[string, string]>(registration, (run, [server, tool]) =>
        run.withDaemon(async (daemon) => {
          const changed = await daemon.daemon('changed-tool', { server, tool });
          run.out.one(changed, () => changedText(changed));
        }),
      ),
    );
  mcp
    .command('accept <server> <tool>')
    .description('offers a changed tool again, as it is now')
    .option('--hash <hash>', 'only if it still says what `show` has shown under this hash')
    .action(
      act<[string, string], { readonly hash?: string }>(
        registration,
        (run, [server, tool], { hash }) =>
          run.withDaemon(async (daemon) => {
            const read = hash ?? (await daemon.daemon('changed-tool', { server, tool })).hash;
            const accepted = await daemon.daemon('accept-tool', { server, tool, hash: read });
            run.out.one(accepted, () => `${server} ${tool} accepted\n`);
          }),
      ),
    );
};

const COLUMNS: readonly Column[] = [
  { head: 'server', least: 12 },
  { head: 'session', least: 8 },
  { head: 'state' },
  { head: 'tools' },
  { head: 'changed', least: 12 },
  { head: 'why', least: 12 },
];

const serverTable = (servers: readonly Server[], run: Invocation): string =>
  table(
    COLUMNS,
    servers.map(({ name, session, state, tools, changed, why }) => [
      name,
      session === undefined ? '' : `${session.tenant}/${session.sessionId}`,
      state === 'ofApi' ? 'called by the API' : state,
      state === 'ofApi' ? '' : String(tools),
      changed.join(', '),
      why ?? '',
    ]),
    run.out.width,
  );

const changedText = ({ server, tool, hash, before, now }: Changed): string =>
  facts({
    ...{ server, tool, hash },
    ...{ before: before.description, now: now.description },
    inputBefore: JSON.stringify(before.inputSchema),
    inputNow: JSON.stringify(now.inputSchema),
  });
