/** The tests that judge the mutants of an area. What a mutant keeps from coming is not waited for long. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { AREAS } from './areas.mjs';

const { include, exclude } = AREAS[process.env.MUTANTS_AREA as keyof typeof AREAS];

export default defineConfig({
  resolve: { alias: { 'fast-check': fileURLToPath(new URL('./fewer-runs.ts', import.meta.url)) } },
  test: {
    include,
    exclude,
    isolate: false,
    env: { GREENROOM_CHECK_REPLIES: '1' },
    testTimeout: 10_000,
    expect: { poll: { timeout: 3_000, interval: 5 } },
  },
});
