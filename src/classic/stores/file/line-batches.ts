/**
 * Lines that wait for their session's turn share one write and one sync.
 *
 * 1. A batch takes lines until its turn comes, or until something else of its session is asked for: so all is
 *    stored in the order of the calls.
 * 2. Whoever gave a line is told when the whole batch is on disk, or what went wrong with it.
 */
/** What one write takes, roughly. */
const MAX_CHARACTERS = 1024 * 1024;

interface Batch {
  text: string;
  readonly stored: Promise<void>;
}

export class LineBatches {
  readonly #open = new Map<string, Batch>();

  /** @param write called once per batch, when its turn has come and nothing joins it any more. */
  add(
    sessionId: string,
    line: string,
    write: (text: () => string) => Promise<void>,
  ): Promise<void> {
    const open = this.#open.get(sessionId);
    if (open !== undefined && open.text.length + line.length <= MAX_CHARACTERS) {
      open.text += line;
      return open.stored;
    }
    const close = () => {
      if (this.#open.get(sessionId) === batch) this.#open.delete(sessionId);
    };
    const batch: Batch = {
      text: line,
      stored: write(() => {
        close();
        return batch.text;
      }),
    };
    this.#open.set(sessionId, batch);
    batch.stored.then(close, close); // one whose turn never came is open no more either
    return batch.stored;
  }

  /** Something else comes next: nothing joins the waiting lines any more. */
  end(sessionId: string): void {
    this.#open.delete(sessionId);
  }
}
