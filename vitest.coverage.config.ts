/**
 * `npm run coverage`: how much of what keeps sessions its own tests run through, with the least that is let
 * pass. A part of the tests, so that it takes seconds; what runs compiled, in a thread or child of its own,
 * is not seen here.
 */
import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

const SERIALISATION = ['models', 'serialization', 'timestamp', 'transcript'].map(
  (name) => `src/classic/${name}.ts`,
);
/** Only a store that is opened in a Worker has them; `test/chaos/exits` opens it there. */
const IN_A_WORKER = ['src/storage/lmdb/child-carrier.ts', 'src/storage/lmdb/child-wire.ts'];
/** Part of the doctor, whose tests run it. */
const EXAMINATION = 'src/classic/stores/examine-server.ts';
const WHOLE = { lines: 100, functions: 100, statements: 100 };

export default defineConfig({
  test: {
    ...base.test,
    include: ['test/storage/**/*.test.ts', 'test/classic/**/*.test.ts'],
    coverage: {
      enabled: true,
      provider: 'v8',
      reporter: ['text'],
      reportOnFailure: true,
      include: ['src/storage/**/*.ts', 'src/classic/stores/**/*.ts', ...SERIALISATION],
      exclude: [
        'src/storage/*/*-thread.ts',
        'src/storage/*/*-child.ts',
        ...IN_A_WORKER,
        EXAMINATION,
      ],
      thresholds: {
        'src/{storage,classic/stores}/**': { lines: 95 },
        ...Object.fromEntries(SERIALISATION.map((path) => [path, WHOLE])),
      },
    },
  },
});
