/** What the container recipe names is there: the files that it copies, and the command that it runs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { documentNamed, ROOT } from './readme.ts';

const recipe = documentNamed('Dockerfile');

test('every file that is copied into the image is one that a build makes', () => {
  const copied = [...recipe.matchAll(/^COPY --from=build (.+) \S+$/gm)].flatMap(([, paths = '']) =>
    paths.split(' '),
  );
  expect(copied.length).toBeGreaterThan(3);
  expect(copied.filter((path) => !existsSync(path.replace('/src/', ROOT)))).toEqual([]);
});

test('the command runs the program of the package', () => {
  const { bin } = JSON.parse(documentNamed('package.json')) as { bin: { greenroom: string } };
  const program = bin.greenroom.replace('./', '/app/');
  expect(recipe).toContain(`ENTRYPOINT ["node", "${program}"]`);
});

test('the health check asks whether the daemon lives, at the port that the recipe gives it', async () => {
  expect(recipe).toMatch(/^ENV .*\bGREENROOM_HTTP_PORT=\d+/m);
  const [, command = ''] = /^ {2}CMD (\[.*\])$/m.exec(recipe) ?? [];
  const [, ...args] = JSON.parse(command) as string[];
  let lives = true;
  const asked: (string | undefined)[] = [];
  const server = createServer(({ url }, response) => {
    asked.push(url);
    response.writeHead(lives ? 200 : 503).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const check = async () => {
    const env = { ...process.env, GREENROOM_HTTP_PORT: String(port) };
    const [code] = await once(spawn(process.execPath, args, { env }), 'exit');
    return code;
  };
  expect(await check()).toBe(0);
  lives = false;
  expect(await check()).toBe(1);
  server.close();
  await once(server, 'close');
  expect(await check()).toBe(1);
  expect(asked).toEqual(['/livez', '/livez']);
});

test('it does not run as root, and its secrets stay outside', () => {
  expect(recipe).toMatch(/^USER node$/m);
  const ignored = documentNamed('.dockerignore').split('\n');
  for (const name of ['.env', '.git', 'node_modules']) expect(ignored).toContain(name);
});
