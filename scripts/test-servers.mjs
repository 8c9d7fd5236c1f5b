/**
 * Gets the servers that the tests of the Redis and PostgreSQL stores run, and the browser of those of the page. Where
 * one is missing and cannot be installed, a sentence says what to do and the set-up goes on: those tests are skipped;
 * those of the stores fail under CI.
 */
import { installPackage } from './apt.mjs';

/** `servers`: by the name of its package, a function that finds it or says what is missing. */
export const provideTestServers = async ({ servers, findProgram, isRoot, say }) => {
  const aptGet = findProgram('apt-get');
  for (const [name, find] of Object.entries(servers)) {
    if (find().missing !== undefined && aptGet !== undefined && isRoot)
      await installPackage(aptGet, name, say);
    const { missing } = find();
    if (missing !== undefined)
      say(`${missing}: ${whatToDo(name, aptGet !== undefined && !isRoot)}`);
  }
};

const BREW = { 'redis-server': 'redis', postgresql: 'postgresql@17', chromium: 'chromium' };
const NAMED_IN = {
  'redis-server': 'REDIS_SERVER_BIN',
  postgresql: 'POSTGRES_BIN_DIR',
  chromium: 'CHROMIUM_BIN',
};

const whatToDo = (name, mayUseSudo) => {
  const why = 'the tests that need it are skipped without it';
  if (process.platform === 'darwin') return `run "brew install ${BREW[name]}"; ${why}.`;
  if (mayUseSudo) return `run "sudo apt-get install ${name}"; ${why}.`;
  return `install it, or name it in ${NAMED_IN[name]}; ${why}.`;
};
