/**
 * Patience is for busy machines: what is waited for comes at once or not at all, so no limit is a measurement. A worker
 * for each core: most tests wait for processes and disks.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    maxWorkers: '100%',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000, interval: 5 } },
  },
});
