/** Appends messages of a kilobyte until the system refuses to let the file grow; prints what was acknowledged, then the refusal. */
import { FileSessionStore } from 'greenroom/stores';

const store = new FileSessionStore(process.argv[2]);
await store.createSession('s');
for (let at = 0; ; at += 1) {
  try {
    await store.appendMessage('s', { role: 'user', content: 'x'.repeat(1_000), id: `m${at}` });
  } catch (error) {
    console.log(`${error.name} ${error.code} ${error.cause?.code}`);
    break;
  }
  console.log(`m${at}`);
}
