/** What a session and its turns remember of how they stay within what the model reads at once. */

/** The compaction that the model's view begins with: where its entry is, and what comes after it. */
export interface Compaction {
  /** `seq` of its view entry, which has the summary. */
  readonly seq: number;
  /** The summary stands for everything up to and including this entry. */
  readonly throughSeq: number;
  /** First entry after it that the model sees. */
  readonly fromSeq: number;
  /** Entries before that, which the model sees all the same: prompts of turns that go on behind it. Absent: none. */
  readonly keptSeqs?: readonly number[];
  /** The API has made it: the message at `fromSeq` begins with it. */
  readonly isServers?: true;
  /** `numTurns` when it was made. */
  readonly lastCompactionTurn: number;
}

/** Results of tools that the model sees a note in the place of. */
export interface Clearing {
  /** Those in messages up to this one. */
  readonly throughSeq: number;
  /** Tool calls of the session that are older than those whose results it still sees. */
  readonly calls: number;
}

/** What the last model call has shown: so many bytes of its request were so many tokens. */
export interface ContextUse {
  readonly tokens: number;
  readonly bytes: number;
  /** Tokens that the API said it takes, where it has refused more; absent: it has not. */
  readonly windowTokens?: number | undefined;
  /** All bytes of the request, data of images included, of a call that a budget has paid; absent: of another call. */
  readonly allBytes?: number | undefined;
}

/** What an open turn does to fit into what its model reads at once, and to come to an end. */
export interface TurnRoom {
  /** The next model call comes behind a compaction, whatever is estimated: the API has said that it is too long. */
  readonly must?: true | undefined;
  /** It has said so once: the next time the turn ends. */
  readonly overflowed?: true | undefined;
  /** No summary could be made: the turn goes on without. */
  readonly failed?: true | undefined;
  /** How often a request for a summary was too long itself: each time the next one is half as long. */
  readonly halvings?: number | undefined;
  /** The session's compaction before the first one that reaches into this turn; null: it had none. */
  readonly before?: Compaction | null | undefined;
  /** How often an answer that was cut off was gone on with. */
  readonly continued?: number | undefined;
  /** What the answer that is gone on with has said so far, cut; absent: none is. */
  readonly said?: string | undefined;
}
