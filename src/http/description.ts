/** The description of the API, `docs/openapi.json` of this package; it is read when it is first asked for. */
import { existsSync, readFileSync } from 'node:fs';
import { packageFile } from '../platform/compiled.ts';

/** Gives undefined where the package's documents are not there. */
export const description = (): (() => string | undefined) => {
  const file = packageFile('docs/openapi.json');
  let text: string | undefined;
  return () => {
    if (existsSync(file)) text ??= readFileSync(file, 'utf8');
    return text;
  };
};
