/** A page in a file that is written and synced by one call of the system, as often as somebody asks: the least that a sync costs. */
import { closeSync, constants, openSync, write } from 'node:fs';
import { join } from 'node:path';

const BYTES = 4_096;

export class SyncedPage {
  readonly #file: number;
  readonly #page = Buffer.alloc(BYTES, 'page ');
  syncs = 0;

  constructor(dir: string) {
    const { O_CREAT, O_WRONLY, O_DSYNC } = constants;
    this.#file = openSync(join(dir, 'synced-page'), O_CREAT | O_WRONLY | O_DSYNC, 0o600);
  }

  /** Resolves when the page is on the disk. */
  sync(): Promise<void> {
    this.syncs++;
    return new Promise((resolve, reject) => {
      write(this.#file, this.#page, 0, BYTES, 0, (error) => (error ? reject(error) : resolve()));
    });
  }

  close(): void {
    closeSync(this.#file);
  }
}
