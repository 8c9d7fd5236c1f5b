/**
 * A process that writes one session: `append BASE NAME COUNT` in any order with others, `race BASE NAME COUNT` naming
 * versions. It prints the id of each message that was acknowledged.
 */
import { FileSessionStore } from 'greenroom/stores';

const [how, base, name, count] = process.argv.slice(2);
const store = new FileSessionStore(base);

const append = async (id) => {
  await store.appendMessage('s', { role: 'user', content: id, id });
  console.log(id);
};

const race = async (id) => {
  for (;;) {
    const { version: expectedVersion } = await store.loadSession('s');
    try {
      await store.appendMessage(
        's',
        { role: 'user', content: `${expectedVersion}`, id },
        { expectedVersion },
      );
      return console.log(`${expectedVersion}`);
    } catch (error) {
      if (error.code !== 'version_conflict') throw error;
    }
  }
};

for (let at = 0; at < Number(count); at += 1)
  await (how === 'race' ? race : append)(`${name}-${at}`);
