/** The turns of a session, each with its end, its cost, and what the cache did for it. */

import type { TurnView } from '../ground/replies.ts';
import { addressWith } from '../ground/route.ts';
import { money, short, span } from '../ground/words.ts';
import { Ago } from '../parts/moment.tsx';
import { Status } from '../parts/status.tsx';
import type { Conversation } from './conversation.ts';

export const Turns = ({ conversation }: { readonly conversation: Conversation }) => {
  const turns = conversation.turns.value;
  if (turns.length === 0) return null;
  return (
    <aside class="turns" aria-label="Turns">
      <h2>Turns</h2>
      <ol>
        {turns.map((turn) => (
          <Turn key={turn.turnId} turn={turn} />
        ))}
      </ol>
    </aside>
  );
};

const Turn = ({ turn }: { readonly turn: TurnView }) => {
  const { usage, startedAt, finishedAt, cacheMisses = [], error } = turn;
  const took =
    startedAt === undefined || finishedAt === undefined
      ? undefined
      : span(Date.parse(finishedAt) - Date.parse(startedAt));
  const missed = cacheMisses.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0);
  return (
    <li>
      <a href={addressWith({ at: String(turn.seq) })}>
        <Status of={turn.status} /> <Ago at={turn.acceptedAt} />
      </a>
      <p class="second">
        {money(turn.costUsd)} · {short(usage.inputTokens + usage.cacheReadInputTokens)} in,{' '}
        {short(usage.outputTokens)} out
        {took === undefined ? '' : ` · ${took}`}
      </p>
      {cacheMisses.length === 0 ? null : (
        <p class="second warn" title={cacheMisses.map(({ type }) => type).join(', ')}>
          the cache was missed{missed > 0 ? `: ${money(missed)}` : ''}
        </p>
      )}
      {error === undefined ? null : <p class="second bad">{error.message}</p>}
    </li>
  );
};
