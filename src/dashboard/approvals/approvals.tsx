/** The queue of what waits for a person, of all sessions or of one. */
import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { askSession, askSessions } from '../ground/ask.ts';
import { chosenOf, steppedFrom } from '../ground/chosen.ts';
import { useKeys } from '../ground/keyboard.ts';
import { useAsked } from '../ground/time.ts';
import { Loading } from '../parts/loading.tsx';
import { Trouble } from '../parts/problem.tsx';
import { type Answer, type Asked, answer } from './answer.ts';
import { Card } from './card.tsx';

const EVERY_MS = 2_000;

/** For the mark in the frame of the page. */
const waiting = signal(0);

/** How many wait, asked for as long as the page is open. */
export const useWaiting = (): number => {
  const { value } = useAsked((end) => askSessions('approvals', { limit: 100 }, end), [], 5_000);
  useEffect(() => {
    if (value !== undefined) waiting.value = value.approvals.length;
  }, [value]);
  return waiting.value;
};

const nameOf = ({ sessionId, approvalId }: Asked): string => `${sessionId} ${approvalId}`;

export const Approvals = () => {
  const { value, problem, again } = useAsked(
    (end) => askSessions('approvals', { limit: 100 }, end),
    [],
    EVERY_MS,
  );
  const approvals = value?.approvals ?? [];
  const names = approvals.map(nameOf);
  const [chosen, setChosen] = useState<string>();
  const current = approvals.find((each) => nameOf(each) === chosen);
  useEffect(() => {
    if (value === undefined) return;
    waiting.value = approvals.length;
    setChosen((now) => chosenOf(names, now));
  }, [value]);
  const step = (by: number) => setChosen((now) => steppedFrom(names, now, by));
  const give = (decision: Answer['decision']) => {
    if (current === undefined) return;
    setChosen(undefined); // the next one is marked once the list is there without this one
    void answer(current, { decision }).then(again);
  };
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    a: () => give('allow'),
    d: () => give('deny'),
  });
  return (
    <div class="approvals">
      <h1>Approvals</h1>
      <Trouble problem={problem} />
      {value === undefined && problem === undefined ? <Loading /> : null}
      {value !== undefined && approvals.length === 0 ? (
        <p class="empty">Nothing waits for a person.</p>
      ) : null}
      {approvals.map((approval) => (
        <Card
          key={nameOf(approval)}
          approval={approval}
          isCurrent={approval === current}
          onAnswered={again}
        />
      ))}
    </div>
  );
};

/** What waits in one session, below its transcript. */
export const Waiting = (props: { readonly sessionId: string; readonly onAnswered: () => void }) => {
  const { sessionId, onAnswered } = props;
  const { value, again } = useAsked(
    (end) => askSession(sessionId, 'asked', {}, end),
    [sessionId],
    EVERY_MS,
  );
  const approvals: readonly Asked[] = value?.approvals ?? [];
  if (approvals.length === 0) return null;
  return (
    <section aria-label="Waits for a person">
      {approvals.map((approval) => (
        <Card
          key={approval.approvalId}
          approval={approval}
          isCurrent={false}
          onAnswered={() => {
            again();
            onAnswered();
          }}
        />
      ))}
    </section>
  );
};
