/** What the container recipe names is there: the files that it copies, and the command that it runs. */
import { existsSync } from 'node:fs';
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

test('the command and the health check run the program of the package', () => {
  const { bin } = JSON.parse(documentNamed('package.json')) as { bin: { greenroom: string } };
  const program = bin.greenroom.replace('./', '/app/');
  expect(recipe).toContain(`ENTRYPOINT ["node", "${program}"]`);
  expect(recipe).toContain(`CMD ["node", "${program}", "status"]`);
});

test('it does not run as root, and its secrets stay outside', () => {
  expect(recipe).toMatch(/^USER node$/m);
  const ignored = documentNamed('.dockerignore').split('\n');
  for (const name of ['.env', '.git', 'node_modules']) expect(ignored).toContain(name);
});
