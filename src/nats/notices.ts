/** What an operator is told of the bus, line by line; a log takes it as it is. */

type Tell = (fields: Readonly<Record<string, unknown>>, text: string) => void;

export interface Notices {
  readonly info: Tell;
  readonly warn: Tell;
  readonly error: Tell;
}

const silent: Tell = () => undefined;

/** For who wants none. */
export const NO_NOTICES: Notices = { info: silent, warn: silent, error: silent };
