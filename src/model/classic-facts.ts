/** What classic programs keep of a session and its head says otherwise, or not at all. */
export interface ClassicFacts {
  /** As it was given last; what turns have used since then is the difference to the head's own. */
  readonly usage?: Readonly<Record<string, number>>;
  readonly compactionState?: {
    readonly lastCompactionTurn: number;
    readonly summary: string;
    readonly originalMessageIds: string[];
  };
  /** Last `seq` that a save replaced: classic positions begin behind it. */
  readonly replacedThrough?: number;
}
