/**
 * One Greenroom and both of its doors, for the contract: the program in its process, and a client on the broker before it.
 * One system serves the whole suite; each case works in sessions of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectedGreenroom, connect } from '../../../src/client/connect.ts';
import { type GreenroomApi, tool } from '../../../src/index.ts';
import { type Rehearsal, startRehearsal } from '../../../src/rehearsal/server.ts';
import { lastText, TestGreenroom } from '../../support/greenroom.ts';
import { natsServer, startBroker, type TestBroker } from '../../support/nats.ts';
import { type Gate, gate } from '../../support/until.ts';

/** Answers by script: a prompt that says `hold <name>` has its second half behind the gate of that name. */
export class Stage {
  readonly #gates = new Map<string, Gate>();

  gate(name: string): Gate {
    const known = this.#gates.get(name) ?? gate();
    this.#gates.set(name, known);
    return known;
  }

  rehearsal(): Promise<Rehearsal> {
    return startRehearsal({
      script: (request) => {
        const [, name] = /^hold (\S+)/.exec(lastText(request)) ?? [];
        if (name === undefined) return undefined;
        return {
          kind: 'message',
          content: [{ type: 'text', text: 'first second' }],
          chunks: 2,
          gate: { afterEvents: 3, until: this.gate(name).opened },
        };
      },
    });
  }
}

export interface Doors {
  readonly stage: Stage;
  readonly room: TestGreenroom;
  readonly broker: TestBroker | undefined;
  readonly client: ConnectedGreenroom | undefined;
  close(): Promise<void>;
}

/** A tool that must be asked for, and does no harm. */
const note = tool({
  ...{ name: 'note', description: 'Notes something', input: { type: 'object' } },
  run: () => 'noted',
});

/** Without `nats-server` there is only the door in this process. */
export const openDoors = async (): Promise<Doors> => {
  const stage = new Stage();
  const broker = natsServer === undefined ? undefined : await startBroker();
  const backupTo = mkdtempSync(join(tmpdir(), 'greenroom-doors-'));
  const room = new TestGreenroom(await stage.rehearsal(), {
    backupTo,
    tools: [note],
    nats: broker === undefined ? false : { url: broker.url },
  });
  await room.start();
  const client = broker && (await connect({ servers: broker.url }));
  return {
    ...{ stage, room, broker, client },
    close: async () => {
      await client?.close();
      await room.remove();
      await broker?.stop();
      rmSync(backupTo, { recursive: true });
    },
  };
};

/** The doors by name, as the program has them. */
export const doorOf = (doors: Doors, name: 'embedded' | 'client'): GreenroomApi => {
  const door = name === 'embedded' ? doors.room.greenroom : doors.client;
  if (door === undefined) throw new Error(`there is no door ${name}`);
  return door;
};
