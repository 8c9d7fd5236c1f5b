/** Without the driver of a store, its first call says in one sentence what to install. */
import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const STORES = pathToFileURL('dist/doors/stores.js').href;

/** A process in which these packages are not installed. */
const without = async (packageName: string, lines: string): Promise<string> => {
  const hook = `export const resolve = (name, context, next) => {
    if (name !== '${packageName}') return next(name, context);
    const error = new Error("Cannot find package '${packageName}' imported from here");
    throw Object.assign(error, { code: 'ERR_MODULE_NOT_FOUND' });
  };`;
  const program = `
    import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));
    const stores = await import(${JSON.stringify(STORES)});
    ${lines}
    await store.createSession('s').catch(({ code, message }) => console.log(code + ': ' + message));
    await store.close();`;
  const args = ['--no-warnings', '--input-type=module', '--eval', program];
  return (await promisify(execFile)(process.execPath, args)).stdout;
};

test('of Redis', async () => {
  const said = await without('redis', 'const store = new stores.RedisSessionStore();');
  expect(said).toBe(
    'invalid_settings: RedisSessionStore needs the package "redis": run "npm install redis".\n',
  );
});

test('of PostgreSQL', async () => {
  const said = await without('pg', `const store = new stores.PostgresSessionStore('postgres:');`);
  expect(said).toBe(
    'invalid_settings: PostgresSessionStore needs the package "pg": run "npm install pg".\n',
  );
});
