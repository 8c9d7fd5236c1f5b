/** A whole Greenroom with a broker of its own, in a folder that goes away, for the documents' examples. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Greenroom, type GreenroomOptions, startGreenroom } from '../../src/index.ts';
import { createLog } from '../../src/platform/log.ts';
import { natsServer } from '../support/nats.ts';

export interface Running {
  readonly greenroom: Greenroom;
  readonly natsUrl: string;
  readonly dataDir: string;
  [Symbol.asyncDispose](): Promise<void>;
}

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'greenroom-docs-'));

/** @param rules the text of a file of retention rules; its exports stay within the folder. */
export const startWithBroker = async (
  rules?: string,
  more: Pick<GreenroomOptions, 'serviceTools'> = {},
): Promise<Running> => {
  const dataDir = newFolder();
  const retentionFile = join(dataDir, 'rules.json');
  if (rules !== undefined)
    writeFileSync(retentionFile, rules.replaceAll('/srv/exports', join(dataDir, 'exports')));
  const greenroom = await startGreenroom({
    dataDir,
    nats: { port: 0 },
    httpPort: 0,
    provider: 'rehearsal',
    natsServerBin: natsServer,
    minFreeMb: 1,
    ...(rules === undefined ? {} : { retentionFile }),
    log: createLog({ level: 'error' }),
    ...more,
  });
  const { broker } = greenroom.status();
  if (broker === null) throw new Error('there is no broker');
  return {
    greenroom,
    dataDir,
    natsUrl: broker,
    [Symbol.asyncDispose]: async () => {
      await greenroom.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};
