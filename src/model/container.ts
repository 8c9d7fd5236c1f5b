/** Where the API runs code for a session: what a later request names, so that its files and variables are still there. */

export interface Container {
  /** The API's. */
  readonly id: string;
  /** When the API throws it away, in milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/** A request that takes so long to arrive is not to find it gone. */
const MARGIN_MS = 10_000;

/** Of tools that run code there; those of the web have code sift what they find. */
const RUNS_CODE = /"type":"(?:code_execution|web_search|web_fetch)_\d/;

/** What a request names: one that is there still, where a tool is offered that may use it. @param tools of the request, as JSON. */
export const containerFor = (
  container: Container | undefined,
  tools: string | undefined,
  nowMs: number,
): string | undefined =>
  container !== undefined &&
  container.expiresAtMs - MARGIN_MS > nowMs &&
  tools !== undefined &&
  RUNS_CODE.test(tools)
    ? container.id
    : undefined;

/** What a session knows of it behind an answer. @param answered null: it is gone; undefined: the answer says nothing of it. */
export const containerAfter = (
  before: Container | undefined,
  answered: Container | null | undefined,
  nowMs: number,
): Container | undefined => {
  const after = answered === undefined ? before : (answered ?? undefined);
  return after !== undefined && after.expiresAtMs > nowMs ? after : undefined;
};
