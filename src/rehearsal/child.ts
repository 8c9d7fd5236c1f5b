/** The rehearsal server as a supervised program of its own, so that its work is not done on the daemon's loop. */
import { compiledFile } from '../compiled.ts';
import type { ChildSpec } from '../otp/child-spec.ts';
import { IGNORE } from '../otp/gen-server.ts';
import { nameOf } from '../otp/name.ts';
import { portServer } from '../otp/port.ts';

export interface RehearsalFace {
  readonly url: string;
}

export const rehearsalName = nameOf<RehearsalFace>('rehearsal');

/** @param wanted false when a real provider answers: the child is then ignored. */
export const rehearsalChild = (wanted: boolean): ChildSpec =>
  portServer<RehearsalFace>({
    id: 'rehearsal',
    name: rehearsalName,
    launch: () =>
      wanted
        ? { command: process.execPath, args: [compiledFile(import.meta.url, './main.js')] }
        : IGNORE,
    ready: (line) => line.includes('"ready":true'),
    face: ({ readyLine }) => ({ url: (JSON.parse(readyLine ?? '{}') as RehearsalFace).url }),
    graceMs: 1_000,
  });
