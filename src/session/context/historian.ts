/**
 * What a session asks for when its model's view has to be made from foreign lines: they have to be parsed, which the
 * daemon's main thread does not do for long histories. Owned here, implemented in `src/executor`.
 */
import { nameOf } from '../../otp/name.ts';
import type { ModelMessagesOptions, SeenEntry } from './model-messages.ts';

export interface Historian {
  /**
   * `modelMessages` of what `read` gives, its messages joined, on another thread. Histories are read one after the other, so that memory holds
   * one of them, however many sessions wake. Rejects with `unavailable` when it should be asked again a little later.
   */
  build(
    read: () => Promise<readonly SeenEntry[]>,
    options: ModelMessagesOptions,
  ): Promise<Uint8Array>;
}

export const historianName = nameOf<Historian>('historian');
