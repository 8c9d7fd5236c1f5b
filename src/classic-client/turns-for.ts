/** Which kind: `servers` decides, then whether the options ask for tools or hooks. */
import { DaemonTurns } from './daemon-turns.ts';
import { EmbeddedTurns } from './embedded-turns.ts';
import { type CheckedOptions, needsHands } from './options.ts';
import { ToolTurns } from './tool-turns.ts';
import type { ClientParts, Turns } from './turns.ts';

export const turnsFor = (options: CheckedOptions, parts: ClientParts): Turns => {
  if (options.servers !== undefined) return new DaemonTurns(options, options.servers);
  return needsHands(options) ? new ToolTurns(options, parts) : new EmbeddedTurns(options, parts);
};
