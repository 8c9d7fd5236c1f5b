/**
 * Bundles the page, `src/dashboard/main.tsx` and what it needs, into `dist/src/dashboard`: one script, one style; and the
 * reader of the API's description, another script. The daemon serves what is there.
 */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const SOURCE = join(ROOT, 'src', 'dashboard');
const FOLDER = join(ROOT, 'dist', 'src', 'dashboard');

export const bundlePage = async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  await bundle('main.tsx', 'page.js');
  await bundle('reader/main.tsx', 'reader.js');
  for (const name of ['index.html', 'reader.html', 'page.css', 'icon.svg'])
    copyFileSync(join(SOURCE, name), join(FOLDER, name));
};

const bundle = async (input, output) => {
  const made = await rolldown({
    input: join(SOURCE, input),
    platform: 'browser',
    tsconfig: join(SOURCE, 'tsconfig.json'),
  });
  await made.write({ file: join(FOLDER, output), format: 'esm', minify: true, sourcemap: false });
  await made.close();
};
