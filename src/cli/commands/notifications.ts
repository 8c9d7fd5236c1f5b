/** `greenroom notifications`: whom the daemon tells what happens to sessions, and what they have not taken. */
import type { SessionsReplies } from '../../session/verbs/registry.ts';
import { ago, several } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { type Column, table } from '../table.ts';

type Target = SessionsReplies['notifications']['targets'][number];

export const registerNotifications = (registration: Registration): void => {
  const notifications = registration.program
    .command('notifications')
    .description('whom the daemon tells what happens to sessions');
  notifications
    .command('list')
    .description('the targets of its file, and what each has yet to hear')
    .action(
      act<[], object>(registration, (run) =>
        run.withDaemon(async (daemon) => {
          const { targets } = await daemon.sessions('notifications', {});
          run.out.many(targets, () => targetTable(targets, run));
          if (targets.length === 0)
            run.out.note('none: name some in the file of GREENROOM_NOTIFICATIONS_FILE');
        }),
      ),
    );
  notifications
    .command('dead [target]')
    .description('what was given up, and why')
    .action(
      act<[string | undefined], object>(registration, (run, [name]) =>
        run.withDaemon(async (daemon) => {
          const { targets } = await daemon.sessions('notifications', {});
          const dead = targets
            .filter((target) => name === undefined || target.name === name)
            .flatMap((target) => target.dead.map((each) => ({ target: target.name, ...each })));
          run.out.many(dead, () => deadTable(dead, run));
          if (dead.length === 0) run.out.note('nothing was given up');
        }),
      ),
    );
  notifications
    .command('retry [target]')
    .description('send again what was given up')
    .option('--id <id>', 'this one alone')
    .action(
      act<[string | undefined], { readonly id?: string }>(registration, (run, [target], { id }) =>
        run.withDaemon(async (daemon) => {
          const wanted = { ...(target === undefined ? {} : { target }), ...(id ? { id } : {}) };
          const reply = await daemon.sessions('retry-notifications', wanted);
          run.out.one(reply, () => `${several(reply.retried, 'notification')} sent again\n`);
        }),
      ),
    );
};

const TARGETS: readonly Column[] = [
  { head: 'target', least: 8 },
  { head: 'waiting' },
  { head: 'given up' },
  { head: 'since' },
  { head: 'why', least: 12 },
  { head: 'address', least: 12, leftOut: 1 },
];

const targetTable = (targets: readonly Target[], run: Invocation): string => {
  const rows = targets.map(({ name, url, waiting, oldest, dead }) => [
    ...[name, String(waiting), String(dead.length)],
    oldest === undefined ? '' : ago(oldest.at, run.shell.nowMs()),
    ...[oldest?.why ?? '', url],
  ]);
  return targets.length === 0 ? '' : table(TARGETS, rows, run.out.width);
};

const DEAD: readonly Column[] = [
  { head: 'target', least: 8 },
  { head: 'id' },
  { head: 'event' },
  { head: 'session', least: 12 },
  { head: 'when' },
  { head: 'why', least: 12 },
];

const deadTable = (
  dead: readonly (Target['dead'][number] & { readonly target: string })[],
  run: Invocation,
): string => {
  const rows = dead.map(({ target, id, type, sessionId, at, why }) => [
    ...[target, id, type, sessionId],
    ...[ago(at, run.shell.nowMs()), why],
  ]);
  return dead.length === 0 ? '' : table(DEAD, rows, run.out.width);
};
