/** Python, where it is installed. */
import { spawnSync } from 'node:child_process';

const OLD = 'import sys; sys.exit(sys.version_info < (3, 9))';

/** Says so, once a file, where there is none. */
export const withoutPython = (): boolean => {
  const isThere = spawnSync('python3', ['-c', OLD]).status === 0;
  if (!isThere)
    console.warn('python3 (3.9 or newer) is not installed: tests of the Python client are skipped');
  return !isThere;
};
