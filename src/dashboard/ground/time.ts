/** What happens again and again while somebody looks: the clock of the page, and questions that are asked anew. */
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Problem } from './ask.ts';

/** The present moment, to the second; it stands still while the page is hidden. */
export const now = signal(Date.now());

/** So often all that a query finds is counted anew. */
export const COUNTED_MS = 10_000;

setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 1_000);

export interface Asked<T> {
  /** The last good answer. */
  readonly value: T | undefined;
  /** Why there is no newer one. */
  readonly problem: Problem | undefined;
  /** Asks now. */
  again(): void;
}

/**
 * An answer that is asked for again after a while, and when what it depends on changes. While the page is hidden it is not.
 *
 * @param everyMs undefined: only once.
 */
export const useAsked = <T>(
  ask: (signal: AbortSignal) => Promise<T>,
  on: readonly unknown[],
  everyMs?: number,
): Asked<T> => {
  const [state, setState] = useState<Omit<Asked<T>, 'again'>>({
    value: undefined,
    problem: undefined,
  });
  const again = useRef<() => void>(() => undefined);
  useEffect(() => {
    const end = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isAsking = false;
    let isWrong = false;
    const run = async () => {
      clearTimeout(timer);
      if (isAsking) return;
      isAsking = true;
      if (!document.hidden) await answer();
      isAsking = false;
      if (everyMs !== undefined && !isWrong && !end.signal.aborted)
        timer = setTimeout(run, everyMs);
    };
    const answer = async () => {
      try {
        const value = await ask(end.signal);
        if (!end.signal.aborted) setState({ value, problem: undefined });
      } catch (error) {
        if (end.signal.aborted) return;
        const problem = error instanceof Problem ? error : new Problem('page', String(error), 0);
        isWrong = problem.code === 'invalid_criteria'; // asked again it is as wrong
        setState((before) => ({ ...before, problem }));
      }
    };
    const seen = () => void (document.hidden || run());
    document.addEventListener('visibilitychange', seen);
    again.current = () => void run();
    void run();
    return () => {
      end.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, on);
  return { ...state, again: () => again.current() };
};
