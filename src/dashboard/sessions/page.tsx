/** Sessions: found by the query language, counted, opened, and changed many at a time. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { askSessions, Problem } from '../ground/ask.ts';
import { steppedFrom } from '../ground/chosen.ts';
import { useKeys } from '../ground/keyboard.ts';
import type { FoundSession } from '../ground/replies.ts';
import { addressOf, addressWith, go, route } from '../ground/route.ts';
import { COUNTED_MS, useAsked } from '../ground/time.ts';
import { count, money } from '../ground/words.ts';
import { Loading } from '../parts/loading.tsx';
import { Trouble } from '../parts/problem.tsx';
import { Bulk } from './bulk.tsx';
import { Facets } from './facets.tsx';
import { NewSession } from './new-session.tsx';
import { QueryBox } from './query-box.tsx';
import { Rows } from './rows.tsx';
import { SavedViews } from './saved-views.tsx';
import { UntilBox } from './until-box.tsx';

const PAGE = 100;
const SORTS = ['updatedAt', 'createdAt', 'cost', 'turns'] as const;
type Sort = (typeof SORTS)[number];
const isSort = (text: string | null): text is Sort => SORTS.some((sort) => sort === text);
/** What is shown is asked for anew so often, as long as no more than one page of it is. */
const FRESH_MS = 3_000;

/** The query itself is wrong: to ask it again helps nobody. */
const isWrong = (problem: Problem | undefined): boolean => problem?.code === 'invalid_criteria';

interface Loaded {
  readonly sessions: readonly FoundSession[];
  readonly cursor: string | undefined;
  readonly problem: Problem | undefined;
  readonly isLoading: boolean;
}

const NOTHING: Loaded = { sessions: [], cursor: undefined, problem: undefined, isLoading: true };

/** Pages of a search, one after the other. */
const useSearch = (q: string, sortBy: Sort | undefined) => {
  const [loaded, setLoaded] = useState(NOTHING);
  const asking = useRef<AbortController | undefined>(undefined);
  const load = useCallback(
    async (cursor: string | undefined, before: readonly FoundSession[]) => {
      asking.current?.abort();
      const end = new AbortController();
      asking.current = end;
      setLoaded((now) => ({ ...now, isLoading: true }));
      const place = cursor === undefined ? {} : { cursor };
      const sort = sortBy === undefined ? {} : { sortBy };
      try {
        const reply = await askSessions(
          'search',
          { q, ...sort, limit: PAGE, ...place },
          end.signal,
        );
        const sessions = [...before, ...reply.sessions];
        if (!end.signal.aborted)
          setLoaded({ sessions, cursor: reply.nextCursor, problem: undefined, isLoading: false });
      } catch (error) {
        const problem = error instanceof Problem ? error : new Problem('page', String(error), 0);
        if (!end.signal.aborted) setLoaded((now) => ({ ...now, problem, isLoading: false }));
      }
    },
    [q, sortBy],
  );
  useEffect(() => {
    void load(undefined, []);
    return () => asking.current?.abort();
  }, [load]);
  const isFirstPage = loaded.sessions.length <= PAGE;
  useEffect(() => {
    if (!isFirstPage || loaded.isLoading || isWrong(loaded.problem)) return undefined;
    const timer = setTimeout(() => {
      if (!document.hidden) void load(undefined, []);
    }, FRESH_MS);
    return () => clearTimeout(timer);
  }, [loaded, isFirstPage, load]);
  const more = () => {
    if (loaded.cursor !== undefined && !loaded.isLoading) void load(loaded.cursor, loaded.sessions);
  };
  return { ...loaded, more, again: () => void load(undefined, []) };
};

export const Sessions = () => {
  const { query } = route.value;
  const q = query.get('q') ?? '';
  const sort = query.get('sort');
  const sortBy = isSort(sort) ? sort : undefined;
  const { sessions, cursor, problem, isLoading, more, again } = useSearch(q, sortBy);
  const counted = useAsked(
    (signal) => askSessions('count', { q }, signal),
    [q, sessions.length === 0],
    COUNTED_MS,
  );
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [chosen, setChosen] = useState<string>();
  const [isMaking, setMaking] = useState(false);
  useEffect(() => {
    setSelected(new Set());
    setChosen(undefined);
  }, [q]);
  const toggle = (id: string) =>
    setSelected((before) => {
      const next = new Set(before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  const ids = sessions.map(({ sessionId }) => sessionId);
  const at = chosen === undefined ? -1 : ids.indexOf(chosen);
  const current = sessions[at];
  useKeys({
    j: () => setChosen((now) => steppedFrom(ids, now, 1)),
    k: () => setChosen((now) => steppedFrom(ids, now, -1)),
    x: () => current !== undefined && toggle(current.sessionId),
    Enter: () => current !== undefined && go(addressOf(['sessions', current.sessionId])),
    n: () => setMaking(true),
  });
  const total = counted.value;
  return (
    <div class="sessions">
      <h1 class="hidden">Sessions</h1>
      <div class="bar">
        <QueryBox q={q} problem={problem} onQuery={(text) => go(addressWith({ q: text }))} />
        <label class="sort">
          <span class="hidden">Order</span>
          <select
            value={sort ?? ''}
            onChange={({ currentTarget }) => go(addressWith({ sort: currentTarget.value }))}
          >
            <option value="">{/\bsort:/.test(q) ? 'as the query says' : 'usual order'}</option>
            <option value="updatedAt">changed last</option>
            <option value="createdAt">made last</option>
            <option value="cost">dearest</option>
            <option value="turns">most turns</option>
          </select>
        </label>
        <UntilBox q={q} field={sortBy === 'createdAt' ? 'created' : 'updated'} />
        <button type="button" class="main" onClick={() => setMaking(true)} title="n">
          New session
        </button>
      </div>
      <SavedViews q={q} />
      <p class="sums" role="status">
        {total === undefined
          ? ' '
          : `${count(total.count)} ${total.count === 1 ? 'session' : 'sessions'} · ${money(total.costUsd)}${total.costIsPartial ? ' and more' : ''} · ${count(total.turns)} ${total.turns === 1 ? 'turn' : 'turns'}`}
      </p>
      <div class="beside">
        <Facets q={q} />
        <div class="found">
          <Bulk
            q={q}
            selected={selected}
            total={total?.count}
            onDone={() => {
              setSelected(new Set());
              again();
              counted.again();
            }}
            onNone={() => setSelected(new Set())}
          />
          <Trouble problem={isWrong(problem) ? undefined : problem} />
          {sessions.length === 0 && isLoading ? <Loading /> : null}
          {sessions.length === 0 && !isLoading && problem === undefined ? <Nothing q={q} /> : null}
          <Rows
            sessions={sessions}
            at={at}
            selected={selected}
            onToggle={toggle}
            onEnd={more}
            hasMore={cursor !== undefined}
          />
        </div>
      </div>
      {isMaking ? <NewSession onClose={() => setMaking(false)} /> : null}
    </div>
  );
};

const Nothing = ({ q }: { readonly q: string }) =>
  q === '' ? (
    <p class="empty">
      There are no sessions yet. Make one with <kbd>n</kbd>, send a turn, or import what is there:{' '}
      <code>greenroom import ~/.claude/projects</code>
    </p>
  ) : (
    <p class="empty">
      No session meets this. <a href="/sessions">Show all</a>
    </p>
  );
