/**
 * Which names of an archive may become files: what an archive says is believed by nobody. Pure.
 *
 * 1. A path that passes is relative, has no step upwards, and means the same place on every system.
 * 2. The target of a link that passes goes up first and down afterwards, and stays below the root: so a chain of such
 *    links stays there too.
 */

const MAX_PATH_LENGTH = 4_096;
const MAX_NAME_BYTES = 255;

/** What an archive calls a place, without what says nothing: a leading `./`, a trailing slash. */
export const plainPath = (path: string): string =>
  path.replace(/^(\.\/+)+/, '').replace(/([^/])\/+$/, '$1');

/** Why nothing may be made under this path; undefined: it may. The root itself is the empty path, and no place. */
export const faultOfPath = (path: string): string | undefined => {
  if (path === '' || path === '.') return 'its path is empty';
  if (path.length > MAX_PATH_LENGTH) return `its path is longer than ${MAX_PATH_LENGTH}`;
  if (path.includes('\0')) return 'its path holds a zero byte';
  if (path.includes('\\')) return 'its path holds a backslash';
  if (path.startsWith('/')) return 'its path is absolute';
  if (/^[A-Za-z]:/.test(path)) return 'its path names a drive';
  for (const name of path.split('/')) {
    if (name === '..') return 'its path leads upwards';
    if (name === '' || name === '.') return 'its path has an empty step';
    if (Buffer.byteLength(name) > MAX_NAME_BYTES)
      return `a name in its path is longer than ${MAX_NAME_BYTES} bytes`;
  }
  return undefined;
};

/** Why a link at `path` may not be made; undefined: wherever it leads is below the root. */
export const faultOfLink = (path: string, target: string): string | undefined => {
  if (target === '' || target.length > MAX_PATH_LENGTH) return 'its target is empty or too long';
  if (/[\0\\]/.test(target)) return 'its target holds a zero byte or a backslash';
  if (target.startsWith('/') || /^[A-Za-z]:/.test(target)) return 'its target is absolute';
  const steps = target.split('/').filter((step) => step !== '' && step !== '.');
  const down = steps.findIndex((step) => step !== '..');
  const up = down === -1 ? steps.length : down;
  if (steps.slice(up).includes('..')) return 'its target goes down and up again';
  if (up > path.split('/').length - 1) return 'its target is outside of the folder';
  return undefined;
};
