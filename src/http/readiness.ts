/** Whether the daemon can take work right now, and if not, why. */

/** What is known of the parts that work needs. */
export interface Condition {
  readonly isUp: boolean;
  readonly isDraining: boolean;
  /** `away`: it is being restarted. */
  readonly store: 'good' | 'away' | 'disk_low' | 'storage_failed';
  /** `unserved`: it is there, and what serves it is being restarted. */
  readonly broker: 'connected' | 'unserved' | 'away' | 'not_wanted';
}

export const REASONS = {
  starting: 'the daemon is starting',
  draining: 'the daemon is stopping: it finishes what is under way and takes no new turns',
  store_away: 'the store is being restarted',
  disk_low: 'the disk of the store is nearly full: it takes no changes',
  storage_failed: 'the store has failed: it takes no changes',
  broker_away: 'there is no connection to the broker',
  broker_unserved: 'the part that serves the broker is being restarted',
} as const;
type Reason = keyof typeof REASONS;

export interface Readiness {
  readonly status: 'ready' | 'not_ready';
  readonly reasons: readonly { readonly reason: Reason; readonly message: string }[];
}

export const readinessOf = (condition: Condition): Readiness => {
  const reasons = reasonsOf(condition);
  return {
    status: reasons.length === 0 ? 'ready' : 'not_ready',
    reasons: reasons.map((reason) => ({ reason, message: REASONS[reason] })),
  };
};

const reasonsOf = ({ isUp, isDraining, store, broker }: Condition): readonly Reason[] => {
  const reasons: Reason[] = [];
  if (!isUp) reasons.push('starting');
  if (isDraining) reasons.push('draining');
  if (store === 'away') reasons.push('store_away');
  else if (store !== 'good') reasons.push(store);
  if (broker === 'away') reasons.push('broker_away');
  if (broker === 'unserved') reasons.push('broker_unserved');
  return reasons;
};
