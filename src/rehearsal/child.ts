/** The rehearsal server as a supervised program of its own, so that its work is not done on the daemon's loop. */

import type { ChildSpec } from '../otp/child-spec.ts';
import { IGNORE } from '../otp/gen-server.ts';
import { nameOf } from '../otp/name.ts';
import { portServer } from '../otp/port.ts';
import { programFile } from '../platform/compiled.ts';

export interface RehearsalFace {
  readonly url: string;
}

export const rehearsalName = nameOf<RehearsalFace>('rehearsal');

/** @param wanted false when a real provider answers: the child is then ignored. */
export const rehearsalChild = (wanted: boolean): ChildSpec => {
  const address = new LastAddress();
  return portServer<RehearsalFace>({
    id: 'rehearsal',
    name: rehearsalName,
    launch: () =>
      wanted
        ? {
            command: process.execPath,
            args: [programFile('rehearsal/main'), '--port', address.take()],
          }
        : IGNORE,
    ready: (line) => line.includes('"ready":true'),
    face: ({ readyLine }) => {
      const face = JSON.parse(readyLine ?? '{}') as RehearsalFace;
      address.keep(face.url);
      return face;
    },
    graceMs: 1_000,
  });
};

/** A server that comes back is found where it was: calls under way try the same address again. */
class LastAddress {
  #port = '0';

  keep(url: string): void {
    this.#port = new URL(url).port;
  }

  /** The port to start at; any free one (0) next time, if this one turns out to be taken. */
  take(): string {
    const port = this.#port;
    this.#port = '0';
    return port;
  }
}
