/** What the file system says, in words for a model. */

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'lies below something that is a file, not a folder',
  EISDIR: 'is a folder, not a file',
  EACCES: 'may not be accessed: permission denied',
  EPERM: 'may not be accessed: operation not permitted',
  EROFS: 'lies on a file system that is read-only',
  ENOSPC: 'cannot be written: no space is left on the device',
  EDQUOT: 'cannot be written: the disk quota is used up',
  ELOOP: 'leads in a circle of links',
  ENAMETOOLONG: 'has a name that is too long',
  EMFILE: 'cannot be opened: too many files are open at the moment',
  ENFILE: 'cannot be opened: too many files are open at the moment',
  EBUSY: 'is busy',
  ETXTBSY: 'is a program that is running',
  EEXIST: 'exists already',
  EINVAL: 'is not a name that the file system takes',
  ENXIO: 'is a device or a pipe, not a file',
  EIO: 'cannot be read: the device reports an error',
};

/** undefined for what does not come from the file system. */
export const plainWords = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined;
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return undefined;
  const words = WORDS[code] ?? `cannot be used (${code})`;
  return path === undefined ? `The file ${words}.` : `${path} ${words}.`;
};

export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
