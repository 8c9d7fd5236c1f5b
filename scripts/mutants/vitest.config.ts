/** The tests that judge mutants: those of the machine, the search and the runtime that need nothing outside. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: { 'fast-check': fileURLToPath(new URL('./fewer-runs.ts', import.meta.url)) } },
  test: {
    include: [
      'otp/**/*',
      'search/**/*',
      'session/{machine,actor,events,verbs}/**/*',
      'testing/**/*',
    ].map((one) => `test/${one}.test.ts`),
    exclude: ['test/otp/port.test.ts', 'test/otp/types.test.ts', 'test/otp/models/**'],
    testTimeout: 120_000,
    expect: { poll: { timeout: 20_000, interval: 5 } },
  },
});
