/** Turns that are under way, wait, or went wrong lately, over all sessions. */
import { askSessions } from '../ground/ask.ts';
import type { FoundSession } from '../ground/replies.ts';
import { addressOf } from '../ground/route.ts';
import { useAsked } from '../ground/time.ts';
import { costOf } from '../ground/words.ts';
import { Loading } from '../parts/loading.tsx';
import { Ago } from '../parts/moment.tsx';
import { Trouble } from '../parts/problem.tsx';
import { Status } from '../parts/status.tsx';

const LISTS = [
  { title: 'Running', q: 'status:running', empty: 'No turn runs.' },
  {
    title: 'Waiting',
    q: 'status:waiting',
    empty: 'No turn waits for a person, money or a moment.',
  },
  { title: 'Parked', q: 'status:parked', empty: 'No session is parked.' },
  {
    title: 'Failed lately',
    q: 'has:errors updated:7d..',
    empty: 'No session of this week has errors.',
  },
] as const;

const SHOWN = 50;
const EVERY_MS = 2_000;

export const Turns = () => (
  <div class="turn-lists">
    <h1>Turns</h1>
    {LISTS.map((list) => (
      <List key={list.q} {...list} />
    ))}
    <Refused />
  </div>
);

const REFUSED_MS = 10_000;

/** Turns that came by the broker's queue and were not taken: nothing of them is in a session. */
const Refused = () => {
  const { value, problem } = useAsked(
    (end) => askSessions('refused-turns', { limit: SHOWN }, end),
    [],
    REFUSED_MS,
  );
  return (
    <section>
      <h2>Refused</h2>
      <Trouble problem={problem} />
      {value === undefined && problem === undefined ? <Loading /> : null}
      {value?.turns.length !== 0 ? null : (
        <p class="empty">
          {value.hasQueue
            ? 'The broker keeps no refused turn.'
            : 'There is no broker, so there is no queue of turns.'}
        </p>
      )}
      {value === undefined || value.turns.length === 0 ? null : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Refused">
          <table>
            <thead>
              <tr>
                <th scope="col">Session</th>
                <th scope="col">Turn</th>
                <th scope="col">Why</th>
                <th scope="col">Refused</th>
              </tr>
            </thead>
            <tbody>
              {value.turns.map(({ sessionId, turnId, code, message, refusedAt }) => (
                <tr key={`${refusedAt} ${turnId}`}>
                  <th scope="row">
                    <a href={addressOf(['sessions', sessionId])}>{sessionId}</a>
                  </th>
                  <td>
                    <code>{turnId}</code>
                  </td>
                  <td>
                    {message} <code>{code}</code>
                  </td>
                  <td>
                    <Ago at={refusedAt} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
};

const List = ({ title, q, empty }: (typeof LISTS)[number]) => {
  const { value, problem } = useAsked(
    (end) => askSessions('search', { q, limit: SHOWN }, end),
    [q],
    EVERY_MS,
  );
  return (
    <section>
      <h2>
        <a href={addressOf(['sessions'], { q })}>{title}</a>
      </h2>
      <Trouble problem={problem} />
      {value === undefined && problem === undefined ? <Loading /> : null}
      {value?.sessions.length === 0 ? <p class="empty">{empty}</p> : null}
      {value === undefined || value.sessions.length === 0 ? null : (
        <div class="scroll" tabIndex={0} role="region" aria-label={title}>
          <table>
            <thead>
              <tr>
                <th scope="col">Session</th>
                <th scope="col">State</th>
                <th scope="col" class="number">
                  Errors
                </th>
                <th scope="col" class="number">
                  Cost
                </th>
                <th scope="col">Changed</th>
              </tr>
            </thead>
            <tbody>
              {value.sessions.map((session) => (
                <Row key={session.sessionId} session={session} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
};

const Row = ({ session }: { readonly session: FoundSession }) => (
  <tr>
    <th scope="row">
      <a href={addressOf(['sessions', session.sessionId])}>{session.title ?? session.sessionId}</a>
    </th>
    <td>
      <Status of={session.status} />
    </td>
    <td class="number">{session.errorCount}</td>
    <td class="number">{costOf(session)}</td>
    <td>
      <Ago at={session.updatedAt} />
    </td>
  </tr>
);
