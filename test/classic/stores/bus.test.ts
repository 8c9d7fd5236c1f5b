/**
 * A daemon's sessions as a classic store over NATS hold what every classic store holds. One daemon serves all cases: each
 * has a tenant of its own.
 */
import { beforeAll, describe, test } from 'vitest';
import { contractOf } from '../../../src/classic/stores/contract/contract.ts';
import { messageCases } from '../../../src/classic/stores/contract/messages.ts';
import { savingCases } from '../../../src/classic/stores/contract/saving.ts';
import { sessionCases } from '../../../src/classic/stores/contract/sessions.ts';
import { versionCases } from '../../../src/classic/stores/contract/versions.ts';
import { connect } from '../../../src/client/connect.ts';
import { startRehearsal } from '../../../src/rehearsal/server.ts';
import { TestGreenroom } from '../../support/greenroom.ts';
import { natsServer, withoutNatsServer } from '../../support/nats.ts';

/** A daemon keeps the id of a deleted session from use for 30 days, so that a late message cannot make it anew. */
const NEEDS_FREE_IDS =
  'a session may be made again under the id of a deleted one, and has nothing of it';

const CASES = [...sessionCases, ...messageCases, ...versionCases, ...savingCases].filter(
  ({ name }) => name !== NEEDS_FREE_IDS,
);

describe.skipIf(withoutNatsServer())('over NATS', () => {
  let servers = '';
  let opened = 0;
  beforeAll(async () => {
    const room = new TestGreenroom(await startRehearsal(), {
      ...{ nats: { port: 0 }, natsServerBin: natsServer },
    });
    await room.start();
    servers = room.greenroom.status().broker ?? '';
    return () => room.remove();
  });

  contractOf(CASES, {
    ...{ describe, test, name: 'the store of a client' },
    open: async () => {
      opened += 1;
      const tenant = `case-${opened}`;
      const clients = [await connect({ servers, tenant })];
      return {
        store: clients[0]?.store() as ReturnType<(typeof clients)[0]['store']>,
        another: async () => {
          const further = await connect({ servers, tenant });
          clients.push(further);
          return further.store();
        },
        dispose: async () => {
          for (const client of clients) await client.close();
        },
      };
    },
  });
});
