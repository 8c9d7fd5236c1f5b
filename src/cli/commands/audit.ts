/** `greenroom audit`: what became of sessions, what their tools did, and what was decided about that. */
import { AUDIT_KINDS } from '../../session/ports/journal.ts';
import type {
  SessionReplies,
  SessionsReplies,
  SessionsRequests,
} from '../../session/verbs/registry.ts';
import { usageError } from '../failure.ts';
import { ago } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { withSession } from '../session-name.ts';
import type { DaemonClient } from '../shell.ts';
import { type Column, table } from '../table.ts';
import { collect, parseCount, parseMoment, parseWord } from '../values.ts';

type Request = SessionsRequests['audit-all'];
type Page = SessionReplies['audit'] | SessionsReplies['audit-all'];
type Found = Page['audit'][number];

interface AuditOptions extends Pick<Request, 'tool' | 'after' | 'before'> {
  readonly kind?: NonNullable<Request['kind']>;
  readonly decision?: NonNullable<Request['decision']>;
  readonly owner?: string;
  readonly allTags?: string[];
  readonly limit: number;
}

export const registerAudit = (registration: Registration): void => {
  const { program, shell } = registration;
  const moment = parseMoment(() => shell.nowMs());
  program
    .command('audit [session]')
    .description(
      'what became of a session, oldest first; without one, of all of the tenant, newest first',
    )
    .option('--kind <kind>', `${AUDIT_KINDS.join(', ')}`, parseWord(AUDIT_KINDS))
    .option('--tool <name>', 'about calls of this tool')
    .option('--decision <word>', `${DECISIONS.join(', ')}`, parseWord(DECISIONS))
    .option('--after <date>', 'then or later: 2026-11-20, RFC 3339, yesterday, or 7d ago', moment)
    .option('--before <date>', 'then or earlier', moment)
    .option('--owner <name>', 'of sessions of this owner, without those that are deleted')
    .option('--all-tags <tag>', 'of sessions with all of these tags, likewise', collect)
    .option('--limit <n>', 'most records shown', parseCount, 50)
    .action(
      act<[string | undefined], AuditOptions>(registration, (run, [words], options) =>
        run.withDaemon(async (daemon) => {
          const found = await records(daemon, words, options);
          run.out.many(found, () => auditTable(found, run));
          if (found.length === 0) run.out.note('no record is like that');
        }),
      ),
    );
};

const DECISIONS = ['allowed', 'denied', 'asked'] as const;

const records = (
  daemon: DaemonClient,
  words: string | undefined,
  options: AuditOptions,
): Promise<readonly Found[]> =>
  words === undefined
    ? all(options, (request) => daemon.sessions('audit-all', request))
    : withSession(daemon, words, (id) =>
        all(ofOne(options), (request) => daemon.session(id, 'audit', request)),
      );

const ofOne = (options: AuditOptions): AuditOptions => {
  if (options.owner === undefined && options.allTags === undefined) return options;
  throw usageError(
    '--owner and --all-tags choose among sessions, and one is named',
    'name the session, or say whose',
  );
};

/** The verb gives up to 1,000 at a time, and with a filter also fewer. */
const PAGE = 1_000;

const all = async (
  { limit, ...filter }: AuditOptions,
  ask: (request: Request) => Promise<Page>,
): Promise<readonly Found[]> => {
  const found: Found[] = [];
  let cursor: string | undefined;
  do {
    const wanted = Math.min(PAGE, limit - found.length);
    const from = cursor === undefined ? {} : { cursor };
    const page = await ask({ ...filter, limit: wanted, ...from });
    found.push(...page.audit);
    cursor = page.nextCursor;
  } while (cursor !== undefined && found.length < limit);
  return found;
};

const COLUMNS: readonly Column[] = [
  { head: 'when' },
  { head: 'session', least: 12 },
  { head: 'kind' },
  { head: 'action' },
  { head: 'by', least: 8 },
  { head: 'what', least: 20 },
];

const auditTable = (found: readonly Found[], run: Invocation): string => {
  const isOfAll = found.some((record) => 'sessionId' in record);
  const inputs = inputsIn(found);
  const rows = found.map((record) => [
    ago(record.at, run.shell.nowMs()),
    ...('sessionId' in record ? [record.sessionId] : []),
    ...[record.kind, record.action, record.by, whatOf(record, inputs)],
  ]);
  return table(
    isOfAll ? COLUMNS : COLUMNS.filter(({ head }) => head !== 'session'),
    rows,
    run.out.width,
  );
};

/** The record of a call that was judged has its input; that of an answer only where it put another in its place. */
const inputsIn = (found: readonly Found[]): ReadonlyMap<unknown, unknown> =>
  new Map(
    found.flatMap(({ action, details: { toolUseId, input } = {} }) =>
      input && action === 'asked' ? [[toolUseId, input]] : [],
    ),
  );

/** Of the details what tells most: the tool and its input or the hook, and why. */
const whatOf = ({ kind, details = {} }: Found, inputs: ReadonlyMap<unknown, unknown>): string => {
  const input =
    kind === 'permission' ? (details['input'] ?? inputs.get(details['toolUseId'])) : undefined;
  const call = [details['tool'], input].filter(isText).join(' ');
  const rest = ['event', 'hook', 'reason', 'ended'].map((name) => details[name]);
  return [call, ...rest].filter(isText).join(': ');
};

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
