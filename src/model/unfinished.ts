/** Turns of a session that have not ended: the open ones, and those that begin at a time. Apart from the head's schemas, which take time to load. */
import type { Head } from './head.ts';
import type { OpenTurn } from './turn.ts';
import type { Status } from './words.ts';

type Turns = Pick<Head, 'openTurns' | 'delayed'>;

/** The status that the open turns make, and those that are yet to begin. */
export const statusFrom = ({ openTurns, delayed }: Turns): Status =>
  openTurns[0]?.status ?? (delayed === undefined ? 'idle' : 'waiting');

/** Open turns, and behind them those that begin at a time. */
export const unfinishedTurns = ({ openTurns, delayed }: Turns): readonly OpenTurn[] =>
  delayed === undefined ? openTurns : [...openTurns, ...delayed];

export const hasUnfinished = ({ openTurns, delayed }: Turns): boolean =>
  openTurns.length > 0 || delayed !== undefined;
