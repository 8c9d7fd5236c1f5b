/** What a bench is: one question, asked at one of three sizes, answered with a sheet of figures. */
import type { Sheet } from './sheet.ts';

/**
 * `smoke`: seconds, to see that it still runs; its figures mean nothing. `normal`: all benches in a
 * few minutes. `full`: longer and more rounds, for figures to quote.
 */
export type Size = 'smoke' | 'normal' | 'full';

export interface Settings {
  readonly size: Size;
  /** A folder on a real disk, emptied afterwards. */
  readonly scratch: string;
  /** Also say where the daemon's CPU time goes. */
  readonly profile: boolean;
  /** How long a soak takes, where the size does not say it. */
  readonly minutes?: number | undefined;
  /** How large the tree of a bench of folders is, where the size does not say it. */
  readonly tree?: { readonly files: number; readonly bytes: number } | undefined;
  /** How large the stores of a bench of large stores are, where the size does not say it. */
  readonly gigabytes?: readonly number[] | undefined;
  /** Progress, for whoever waits. */
  readonly say: (line: string) => void;
}

export interface Bench {
  readonly name: string;
  readonly question: string;
  run(settings: Settings): Promise<Sheet>;
}

/** The value for a size. */
export const bySize = <T>({ size }: Settings, values: Readonly<Record<Size, T>>): T => values[size];
