/** An actor's trace: switched on and off, and its last messages while one looks. */
import { askDaemon } from '../ground/ask.ts';
import { attempt } from '../ground/notice.ts';
import type { TraceView } from '../ground/replies.ts';
import { now, useAsked } from '../ground/time.ts';
import { count, span, until } from '../ground/words.ts';
import { Trouble } from '../parts/problem.tsx';

const EVERY_MS = 1_000;

export const ActorTrace = ({ path }: { readonly path: string }) => {
  const { value, problem, again } = useAsked(
    (end) => askDaemon('trace', { path }, end),
    [path],
    EVERY_MS,
  );
  const set = (on: boolean) => void attempt('', () => askDaemon('trace', { path, on })).then(again);
  const isOn = value?.isOn === true;
  return (
    <section class="trace" aria-label="Trace">
      <Trouble problem={problem} />
      {value === undefined ? null : (
        <p>
          <button type="button" aria-pressed={isOn} onClick={() => set(!isOn)}>
            {isOn ? 'End the trace' : 'Trace it for a minute'}
          </button>{' '}
          <span class="second">{stateOf(value)}</span>
        </p>
      )}
      {value === undefined || value.messages.length === 0 ? null : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Last messages">
          <table>
            <thead>
              <tr>
                <th scope="col">At</th>
                <th scope="col">Message</th>
                <th scope="col" class="number">
                  Took
                </th>
              </tr>
            </thead>
            <tbody>
              {value.messages.toReversed().map((message) => (
                <Row key={message.number} message={message} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
};

const Row = ({ message }: { readonly message: TraceView['messages'][number] }) => (
  <tr>
    <td>
      <time dateTime={message.at}>{message.at.slice(11, 23)}</time>
    </td>
    <td>
      <code>{message.message}</code>
      {message.waiting === 0 ? null : (
        <span class="second"> {count(message.waiting)} behind it</span>
      )}
      {message.carries === '' ? null : <p class="carries">{message.carries}</p>}
      {message.threw === undefined ? null : <p class="bad">threw {message.threw}</p>}
      {message.exited === undefined ? null : <p class="bad">it ended: {message.exited}</p>}
    </td>
    <td class="number">{tookOf(message)}</td>
  </tr>
);

const tookOf = ({ tookMs, threw, exited }: TraceView['messages'][number]): string => {
  if (tookMs === undefined) return threw === undefined && exited === undefined ? 'at work' : '';
  return tookMs < 1 ? `${Math.round(tookMs * 1_000)} µs` : span(tookMs);
};

const ENDS: Readonly<Record<NonNullable<TraceView['ended']>, string>> = {
  stopped: 'it is off',
  time: 'its time is over',
  count: 'it ended behind 10,000 messages',
  gone: 'the actor is no more',
};

const stateOf = ({ isOn, endsAt, ended, seen }: TraceView): string => {
  if (isOn && endsAt !== undefined)
    return `ends by itself in ${until(endsAt, now.value)}; ${count(seen)} ${seen === 1 ? 'message' : 'messages'}`;
  return ended === undefined ? '' : ENDS[ended];
};
