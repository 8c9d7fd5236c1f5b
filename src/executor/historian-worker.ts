/** The program of the historian's thread: a history in, the model's view of it out. It keeps nothing (P4). */
import { Context } from '../session/context.ts';
import { type EffectiveOptions, effective } from '../session/effective.ts';
import type { ContextSlice } from '../session/executor.ts';
import { type PackedHistory, unpackHistory } from './packed-history.ts';

export interface HistoryTask {
  readonly history: PackedHistory;
  readonly options: EffectiveOptions;
}

export const build = ({ history, options }: HistoryTask): ContextSlice =>
  new Context(effective(unpackHistory(history), options).messages).slice();
