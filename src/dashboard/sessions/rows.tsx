/** The rows of a search: of however many there are, those in view and some around them are in the document, and the one with the focus. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { FoundSession } from '../ground/replies.ts';
import { addressOf } from '../ground/route.ts';
import { costOf, count, folder, short } from '../ground/words.ts';
import { Ago } from '../parts/moment.tsx';
import { Status } from '../parts/status.tsx';
import { Still } from '../parts/still.tsx';
import { Tags } from '../parts/tags.tsx';

/** Height of a row, as the style has it, in pixels. Each stands at its own place: what was painted once is not painted anew. */
const ROW = 64;
const AROUND = 12;
/** Rows come and go so many at a time: most frames of a scroll change nothing. */
const STEP = 4;
const stepped = (row: number): number => Math.floor(row / STEP) * STEP;
/** So many rows before the end the next page is asked for. */
const EARLY = 30;

interface RowsProps {
  readonly sessions: readonly FoundSession[];
  readonly at: number;
  readonly selected: ReadonlySet<string>;
  readonly hasMore: boolean;
  onToggle(id: string): void;
  onEnd(): void;
}

export const Rows = ({ sessions, at, selected, hasMore, onToggle, onEnd }: RowsProps) => {
  const list = useRef<HTMLDivElement>(null);
  const [[from, to], setWindow] = useState<readonly [number, number]>([0, 40]);
  const look = () => {
    const top = list.current?.getBoundingClientRect().top ?? 0;
    const first = Math.max(0, stepped(-top / ROW) - AROUND);
    const last = stepped((innerHeight - top) / ROW) + STEP + AROUND;
    setWindow(([a, b]) => (a === first && b === last ? [a, b] : [first, last]));
  };
  useEffect(() => {
    look();
    addEventListener('scroll', look, { passive: true });
    addEventListener('resize', look);
    return () => {
      removeEventListener('scroll', look);
      removeEventListener('resize', look);
    };
  }, [sessions.length === 0]);
  useEffect(() => {
    if (hasMore && to >= sessions.length - EARLY) onEnd();
  }, [to, sessions.length, hasMore]);
  useEffect(() => {
    if (at < 0) return;
    const top = (list.current?.getBoundingClientRect().top ?? 0) + at * ROW;
    if (top < 80 || top > innerHeight - ROW) scrollBy(0, top - innerHeight / 2);
  }, [at]);
  // Without its row the focus would be at the top of the page, and the next Tab with it.
  const [focused, setFocused] = useState<string>();
  const shown = sessions
    .slice(from, to)
    .map((session, index) => ({ session, index: from + index }));
  const away =
    focused === undefined ? -1 : sessions.findIndex((each) => each.sessionId === focused);
  const kept = sessions[away];
  if (kept !== undefined && away < from) shown.unshift({ session: kept, index: away });
  if (kept !== undefined && away >= to) shown.push({ session: kept, index: away });
  return (
    <div
      ref={list}
      class="rows"
      role="list"
      aria-label="Sessions"
      style={{ height: `${sessions.length * ROW}px` }}
      onFocusIn={({ target }) => setFocused(rowOf(target))}
      onFocusOut={() => setFocused(undefined)}
    >
      {shown.map(({ session, index }) => (
        <Still
          key={session.sessionId}
          on={[session, index, index === at, selected.has(session.sessionId)]}
        >
          <Row
            session={session}
            place={index + 1}
            isCurrent={index === at}
            isSelected={selected.has(session.sessionId)}
            onToggle={onToggle}
          />
        </Still>
      ))}
    </div>
  );
};

const rowOf = (target: EventTarget | null): string | undefined =>
  target instanceof Element
    ? target.closest<HTMLElement>('[data-session]')?.dataset['session']
    : undefined;

const Row = (props: {
  readonly session: FoundSession;
  readonly place: number;
  readonly isCurrent: boolean;
  readonly isSelected: boolean;
  readonly onToggle: (id: string) => void;
}) => {
  const { session, place, isCurrent, isSelected, onToggle } = props;
  const { sessionId, title, status, tags, updatedAt, hit } = session;
  const address = addressOf(
    ['sessions', sessionId],
    hit?.seq === undefined ? {} : { at: String(hit.seq) },
  );
  return (
    <div
      role="listitem"
      aria-posinset={place}
      data-session={sessionId}
      class={`row ${isCurrent ? 'current' : ''}`}
      style={{ top: `${(place - 1) * ROW}px` }}
    >
      <input
        type="checkbox"
        aria-label={`Select ${title ?? sessionId}`}
        checked={isSelected}
        onChange={() => onToggle(sessionId)}
      />
      <div class="what">
        <div class="first">
          <a href={address}>{title ?? sessionId}</a>
          <Status of={status} />
          {session.errorCount > 0 ? (
            <span class="errors">
              {session.errorCount === 1 ? '1 error' : `${session.errorCount} errors`}
            </span>
          ) : null}
          <Tags of={tags} />
        </div>
        <div class="second">
          {hit === undefined ? <About session={session} /> : <Hit hit={hit} />}
        </div>
      </div>
      <span class="number cost">{costOf(session)}</span>
      <span class="second number size" title={`${count(session.tokens)} tokens`}>
        {short(session.messageCount)} {session.messageCount === 1 ? 'message' : 'messages'}
      </span>
      <span class="when">
        <Ago at={updatedAt} />
      </span>
    </div>
  );
};

const About = ({ session }: { readonly session: FoundSession }) => {
  const { sessionId, title, model, workingDirectory, owner, summary } = session;
  const facts = [
    title === undefined ? undefined : sessionId,
    owner,
    workingDirectory === undefined ? undefined : folder(workingDirectory),
    model,
    summary === title ? undefined : summary,
  ];
  return <>{facts.filter((fact) => fact !== undefined).join(' · ')}</>;
};

const Hit = ({ hit }: { readonly hit: NonNullable<FoundSession['hit']> }) => {
  const parts = [];
  let from = 0;
  for (const [start, end] of hit.marks) {
    parts.push(
      hit.snippet.slice(from, start),
      <mark key={start}>{hit.snippet.slice(start, end)}</mark>,
    );
    from = end;
  }
  return (
    <>
      {parts}
      {hit.snippet.slice(from)}
    </>
  );
};
