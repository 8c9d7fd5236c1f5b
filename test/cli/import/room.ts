/** The command line's `import` against a whole Greenroom in this process, and what is stored after it. */
import { fileURLToPath } from 'node:url';
import type { DaemonClient } from '../../../src/cli/shell.ts';
import type { SessionView } from '../../../src/index.ts';
import type { TestGreenroom } from '../../support/greenroom.ts';
import { tellsNothing } from '../fake-daemon.ts';
import { greenroom, jsonLines, type Ran } from '../run-cli.ts';

const FIXTURES = new URL('../../fixtures/odd-transcripts/', import.meta.url);

/** A folder of transcripts that are odd in one way. */
export const odd = (name: string): string => fileURLToPath(new URL(name, FIXTURES));

export interface Summary {
  readonly sessions: { readonly new: number; readonly replaced?: number };
  readonly usage: { readonly inputTokens: number };
  readonly costUsd: number | null;
  readonly knownCostUsd?: number;
  readonly inheritedCostUsd?: number;
  readonly [field: string]: unknown;
}

export interface Imported extends Ran {
  readonly summary: Summary;
  readonly files: readonly Readonly<Record<string, unknown>>[];
}

export const daemonOf = (room: TestGreenroom): DaemonClient => {
  const { api } = room.greenroom;
  return {
    session: api.session.bind(api),
    sessions: api.sessions.bind(api),
    turn: api.turn.bind(api),
    ...tellsNothing,
    daemon: () => Promise.reject(new Error('an import asks the daemon nothing')),
    maxPayloadBytes: 8 * 1024 * 1024,
    close: async () => {},
  };
};

export const importWith = async (
  room: TestGreenroom,
  ...words: readonly string[]
): Promise<Imported> => {
  const ran = await greenroom(['--json', 'import', ...words], { daemon: daemonOf(room) });
  const lines = jsonLines(ran.out) as Record<string, unknown>[];
  const last = lines.find((line) => 'summary' in line) as { summary: Summary } | undefined;
  return {
    ...ran,
    files: lines.filter((line) => 'path' in line),
    summary: last?.summary ?? { sessions: { new: 0 }, usage: { inputTokens: 0 }, costUsd: null },
  };
};

/** What a session spent itself, and what it inherited, in dollars. */
export const moneyOf = ({ totalCostUsd, inheritedCostUsd = 0 }: SessionView) => ({
  own: totalCostUsd,
  inherited: inheritedCostUsd,
});

export const sessionsIn = async (room: TestGreenroom, workingDirectory: string) => {
  const { sessions } = await room.sessions.search({ workingDirectory, limit: 1000 });
  return Promise.all(sessions.map(({ sessionId }) => room.sessions.get(sessionId)));
};
