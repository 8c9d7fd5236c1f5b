/** What is kept with a mirrored stream, besides what every imported one keeps. */
export interface MirrorRecord {
  /** The session's version that began it: tells it from one that was there before under its name. */
  readonly born: number;
  /** When it was last written to. */
  readonly mtimeMs: number;
  /** Of a main transcript: `SummaryData` as JSON, so that no store's encoding changes it. */
  readonly summary?: string;
}
