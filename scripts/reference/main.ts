/** `npm run docs`: writes what is generated of the reference; run at the root of the repository. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { wholeFiles } from './files.ts';
import { filled } from './markdown.ts';
import { pages } from './pages.ts';

const root = `${process.cwd()}/`;

for (const { path, regions } of pages(root)) {
  const before = readFileSync(`${root}${path}`, 'utf8');
  const after = filled(before, regions);
  if (after === before) continue;
  writeFileSync(`${root}${path}`, after);
  process.stdout.write(`wrote ${path}\n`);
}

for (const { path, text } of wholeFiles()) {
  const file = `${root}${path}`;
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  writeFileSync(file, text);
  process.stdout.write(`wrote ${path}\n`);
}
