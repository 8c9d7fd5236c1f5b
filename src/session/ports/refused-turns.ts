/** Turns of the broker's queue that were not taken, as the verb sees them. Owned here, implemented in `src/nats`. */
import type { Tenant } from '../../model/ids.ts';
import { nameOf } from '../../otp/name.ts';

export interface RefusedTurnFacts {
  readonly sessionId: string;
  readonly turnId: string;
  readonly refusedAt: string;
  readonly code: string;
  readonly message: string;
}

export interface RefusedTurns {
  /** Newest first, those among the broker's latest. Rejects with `unavailable`. */
  newest(wanted: {
    readonly tenant: Tenant;
    readonly sessionId?: string | undefined;
    readonly limit: number;
  }): Promise<readonly RefusedTurnFacts[]>;
}

export const refusedTurnsName = nameOf<RefusedTurns>('refused-turns');
