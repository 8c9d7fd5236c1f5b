/** How far an import has come, in the head of the session that it makes. */
export interface Transfer {
  readonly lines: number;
  readonly digest: string;
  /** Over the first line. */
  readonly firstDigest: string;
  readonly isDone?: boolean;
}
