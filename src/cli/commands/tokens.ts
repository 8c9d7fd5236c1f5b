/** `greenroom tokens`: who may ask the daemon by HTTP. `greenroom open`: lets a browser in. */
import { given } from '../../model/given.ts';
import type { DaemonReplies, DaemonRequests } from '../../session/verbs/registry.ts';
import { NEEDS, type Need } from '../../session/verbs/verb-facts.ts';
import { CliError, usageError } from '../failure.ts';
import { ago } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import type { DaemonClient } from '../shell.ts';
import { type Column, table } from '../table.ts';
import { collect, parseAhead } from '../values.ts';

type Token = DaemonReplies['tokens']['tokens'][number];
type Create = DaemonRequests['create-token'];

interface CreateOptions {
  readonly scopes: readonly Need[];
  readonly owner?: string;
  readonly tag?: readonly string[];
  readonly expires?: string;
}

export const registerTokens = (registration: Registration): void => {
  const ahead = parseAhead(() => registration.shell.nowMs());
  const tokens = registration.program
    .command('tokens')
    .description('who may ask the daemon by HTTP');
  tokens
    .command('create <name>')
    .description('make one; it is shown this once')
    .option('--scopes <list>', `what it may do: ${NEEDS.join(', ')}`, parseScopes, ['read'])
    .option('--owner <name>', 'only sessions of this owner')
    .option('--tag <tag>', 'only sessions with this tag; several: all of them', collect)
    .option('--expires <moment>', 'void from then on: 2026-12-31, or 30d for in thirty days', ahead)
    .action(
      act<[string], CreateOptions>(registration, (run, [name], { scopes, owner, tag, expires }) =>
        run.withDaemon(async (daemon) => {
          const wanted = given<Create>({
            ...{ name, scopes: [...scopes], owner, expiresAt: expires },
            tags: tag === undefined ? undefined : [...tag],
          });
          const made = await daemon.daemon('create-token', wanted);
          run.out.one(made, () => `${made.token}\n`);
          run.out.note('it is shown this once: keep it where only its program can read it');
          const revoke = run.typed(`tokens revoke ${made.tokenId}`);
          run.out.note(`its id is ${made.tokenId}: ${revoke} makes it void`);
        }),
      ),
    );
  tokens
    .command('list')
    .description('those that are not void')
    .action(
      act<[], object>(registration, (run) =>
        run.withDaemon(async (daemon) => {
          const { tokens: found } = await daemon.daemon('tokens', {});
          run.out.many(found, () => tokenTable(found, run));
          if (found.length === 0) run.out.note('there is no token: nobody may ask by HTTP');
        }),
      ),
    );
  tokens
    .command('revoke <token>')
    .description('make one void, at once; by its id, or its name if no other has that')
    .action(
      act<[string], object>(registration, (run, [words]) =>
        run.withDaemon(async (daemon) => {
          const tokenId = await tokenIdOf(daemon, run, words);
          const reply = await daemon.daemon('revoke-token', { tokenId });
          if (!reply.revoked) throw noToken(run, words);
          run.out.one(reply, () => 'it is void\n');
        }),
      ),
    );
};

/** An id is meant before a name. Throws rather than guess: a script has to hear of a token that is not void. */
const tokenIdOf = async (daemon: DaemonClient, run: Invocation, words: string): Promise<string> => {
  const { tokens } = await daemon.daemon('tokens', {});
  if (tokens.some(({ tokenId }) => tokenId === words)) return words;
  const [named, ...others] = tokens.filter(({ name }) => name === words);
  if (named === undefined) throw noToken(run, words);
  if (others.length === 0) return named.tokenId;
  const ids = [named, ...others].map(({ tokenId }) => tokenId);
  throw usageError(
    `several tokens have the name ${words}: ${ids.join(', ')}`,
    `name one by its id; what each is: ${run.typed('tokens list')}`,
  );
};

const noToken = (run: Invocation, words: string): CliError =>
  new CliError(3, `there is no token ${words}`, run.typed('tokens list'));

export const registerOpen = (registration: Registration): void => {
  registration.program
    .command('open')
    .description('an address that lets one browser on this machine in, once, within a minute')
    .action(
      act<[], object>(registration, (run) =>
        run.withDaemon(async (daemon) => {
          const page = await daemon.daemon('open-page', {});
          run.out.one(page, () => `${page.url}\n`);
        }),
      ),
    );
};

const isNeed = (text: string): text is Need => (NEEDS as readonly string[]).includes(text);

const parseScopes = (text: string): readonly Need[] => {
  const scopes = text.split(',').filter((each) => each !== '');
  const wrong = scopes.find((each) => !isNeed(each));
  if (wrong === undefined && scopes.length > 0) return scopes.filter(isNeed);
  throw usageError(`${wrong ?? 'nothing'} is no scope`, `name some of ${NEEDS.join(', ')}`);
};

const COLUMNS: readonly Column[] = [
  { head: 'id' },
  { head: 'name', least: 8 },
  { head: 'scopes', least: 8 },
  { head: 'for', least: 8 },
  { head: 'used', leftOut: 2 },
  { head: 'expires', leftOut: 1 },
];

const tokenTable = (tokens: readonly Token[], run: Invocation): string =>
  table(
    COLUMNS,
    tokens.map(({ tokenId, name, scopes, owner, tags = [], lastUsedAt, expiresAt }) => [
      ...[tokenId, name, scopes.join(',')],
      [...(owner === undefined ? [] : [owner]), ...tags.map((tag) => `#${tag}`)].join(' ') || 'all',
      lastUsedAt === undefined ? '' : ago(lastUsedAt, run.shell.nowMs()),
      expiresAt === undefined ? 'never' : expiresAt.slice(0, 10),
    ]),
    run.out.width,
  );
