/** The description of the API, `docs/openapi.json` of this package; it is read when it is first asked for. */
import { existsSync, readFileSync } from 'node:fs';

/** From a source file, and from a compiled one. */
const PLACES = ['../../docs/openapi.json', '../../../docs/openapi.json'].map(
  (path) => new URL(path, import.meta.url),
);

/** Gives undefined where the package's documents are not there. */
export const description = (): (() => string | undefined) => {
  let text: string | undefined;
  return () => {
    const place = PLACES.find((each) => existsSync(each));
    text ??= place && readFileSync(place, 'utf8');
    return text;
  };
};
