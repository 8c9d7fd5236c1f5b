/**
 * A program of the Agent SDK's kind, to be killed: appends entries to one transcript, one append after
 * the other, and tells of each when it is acknowledged, as a line on stdout. Arguments: where its
 * Greenroom is (a data directory, or an address of a broker), the first number, its name.
 */

import { connectClient, startGreenroom } from 'greenroom';
import { agentSdkSessionStore } from 'greenroom/agent-sdk';

const [where, first, name] = process.argv.slice(2);

const host = where.startsWith('nats://')
  ? await connectClient({ servers: where })
  : await startGreenroom({
      dataDir: where,
      provider: 'anthropic',
      anthropicApiKey: 'any',
      workers: 1,
      minFreeMb: 0,
      textSearch: 'off',
    });
const store = agentSdkSessionStore(host);
process.stdin.on('end', () => process.exit(0)).resume(); // whoever started it is gone

for (let n = Number(first); ; n += 1) {
  const entry = { type: 'user', uuid: `${name}${n}`, message: { role: 'user', content: `${n}` } };
  await store.append({ projectKey: 'p', sessionId: 's' }, [entry]);
  process.stdout.write(`${n}\n`);
}
