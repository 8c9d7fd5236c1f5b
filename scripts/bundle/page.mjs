/**
 * Bundles the page, `src/dashboard/main.tsx` and what it needs, into `dist/src/dashboard`: one script, one style. The
 * daemon serves what is there.
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
  const bundle = await rolldown({
    input: join(SOURCE, 'main.tsx'),
    platform: 'browser',
    tsconfig: join(SOURCE, 'tsconfig.json'),
  });
  await bundle.write({
    file: join(FOLDER, 'page.js'),
    format: 'esm',
    minify: true,
    sourcemap: false,
  });
  await bundle.close();
  for (const name of ['index.html', 'page.css', 'icon.svg'])
    copyFileSync(join(SOURCE, name), join(FOLDER, name));
};
