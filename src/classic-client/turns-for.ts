/** Which of the two: `servers` decides. */
import { DaemonTurns } from './daemon-turns.ts';
import { EmbeddedTurns } from './embedded-turns.ts';
import type { CheckedOptions } from './options.ts';
import type { ClientParts, Turns } from './turns.ts';

export const turnsFor = (options: CheckedOptions, parts: ClientParts): Turns =>
  options.servers === undefined
    ? new EmbeddedTurns(options, parts)
    : new DaemonTurns(options, options.servers);
