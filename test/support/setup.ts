/** Runs before each test file of the projects that have more than memory. */
import { afterAll } from 'vitest';
import { endFile } from './file-end.ts';

afterAll(endFile);
