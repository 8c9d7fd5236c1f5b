/** `greenroom explain`: what a session is at, and why it is not moving. */
import type { SessionReplies } from '../../session/verbs/registry.ts';
import { ago, facts } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { withSession } from '../session-name.ts';

type Explained = SessionReplies['explain'];

export const registerExplain = (registration: Registration): void => {
  registration.program
    .command('explain <session>')
    .description('what it is at, why it is not moving, and by which rules its tools are judged')
    .action(
      act<[string]>(registration, (run, [words]) =>
        run.withDaemon(async (daemon) => {
          const explained = await withSession(daemon, words, (id) =>
            daemon.session(id, 'explain', {}),
          );
          run.out.one(explained, () => explainedText(explained, run));
          if (explained.waitsFor === 'approval')
            for (const which of waitingIn(explained))
              run.out.note(`next: ${run.typed(`approvals show ${explained.sessionId}${which}`)}`);
          // One that waits for reservations of others has asked no person.
          if (explained.waitsFor === 'budget')
            for (const command of ['approvals list', 'budgets list'])
              run.out.note(`next: ${run.typed(command)}`);
        }),
      ),
    );
};

/** Each call that waits, as `approvals show` takes it; a daemon of an older version does not say which they are. */
const waitingIn = ({ calls }: Explained): readonly string[] => {
  const ids = calls.flatMap(({ approvalId }) => approvalId ?? []);
  return ids.length === 0 ? [''] : ids.map((id) => ` '${id}'`);
};

/** What it would do, and why a person is asked. */
const waitingText = (call: Explained['calls'][number]): string => {
  const { approvalId, name, reason = '', commands = [], files = [] } = call;
  const what = commands.join('; ') || files.join(', ');
  return `${approvalId} ${name}${what === '' ? '' : `: ${what}`}\n  ${reason}`;
};

const explainedText = (explained: Explained, run: Invocation): string => {
  const { status, why, turnId, queued, delayed, calls, retryAt, lastError, permissions, tools } =
    explained;
  const { branch, toolsDenied } = explained;
  const { mode, policies, allowed, denied, daemonRules, sandbox, sandboxMissing } = permissions;
  return facts({
    status: `${status}: ${why}`,
    turn: turnId,
    'behind it': queued === 0 ? undefined : queued,
    'begins later': listed((delayed ?? []).map((turn) => `${turn.turnId} at ${turn.deliverAt}`)),
    calls: listed(
      calls.map(({ name, state, since, child }) =>
        [
          ...[name, state],
          ...(child === undefined ? [] : [`in ${child}`]),
          ...(since === undefined ? [] : [ago(since, run.shell.nowMs())]),
        ].join(' '),
      ),
    ),
    'waits for a person': lined(
      calls.filter(({ approvalId }) => approvalId !== undefined).map(waitingText),
    ),
    branch: branch && `${branch.chosen}, of ${branch.of}`,
    'next try': retryAt,
    'last error': lastError && `${lastError.code}: ${lastError.message}`,
    tools: listed(tools) ?? 'none',
    'tools that are not there': absent(explained),
    'tools denied': listed(
      (toolsDenied ?? []).map(({ tool, rule, of }) => `${tool} by the ${of}'s rule ${rule}`),
    ),
    permissions: mode,
    allowed: listed(allowed),
    denied: listed(denied),
    "daemon's rules": daemonRules === 0 ? undefined : daemonRules,
    sandbox: sandboxMissing === undefined ? sandbox : `${sandbox}: ${sandboxMissing}`,
    policies: listed(policies) ?? 'none: they were turned off',
  });
};

const listed = (texts: readonly string[]): string | undefined =>
  texts.length === 0 ? undefined : texts.join(', ');

const lined = (texts: readonly string[]): string | undefined =>
  texts.length === 0 ? undefined : texts.join('\n');

/** One that it did not name may be among them. */
const absent = ({ toolsMissing = [], toolsAbsent = [] }: Explained): string | undefined => {
  const whys = new Map(toolsAbsent.map(({ tool, why }) => [tool, why]));
  const names = new Set([...toolsMissing, ...whys.keys()]);
  const texts = [...names].map((name) => [name, whys.get(name)].filter(Boolean).join(': '));
  return texts.length === 0 ? undefined : texts.join('; ');
};
