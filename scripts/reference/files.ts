/** Files of the reference that are generated whole. */
import { version } from '../../src/platform/version.ts';
import { openApi } from './openapi.ts';
import { postmanCollection } from './postman.ts';

export interface WholeFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

export const wholeFiles = (): readonly WholeFile[] => {
  const document = openApi(version);
  return [
    { path: 'docs/openapi.json', text: written(document) },
    { path: 'docs/greenroom.postman_collection.json', text: written(postmanCollection(document)) },
  ];
};

const written = (value: object): string => `${JSON.stringify(value, undefined, 1)}\n`;
