/** Appends to one session of an lmdb store until it is killed, and prints what was acknowledged. */
import { openStore } from 'greenroom/stores';

const store = await openStore(`lmdb:${process.argv[2]}`);
await store.createSession('s');
for (let at = 0; ; at += 1) {
  await store.appendMessage('s', { role: 'user', content: `m${at}`, id: `m${at}` });
  console.log(`m${at}`);
}
