/**
 * Where a path leads. Links are followed one by one, as the kernel does it, so that `link/../x` is what it is and a link
 * to a file that is not there yet is seen: both have fooled checks of paths.
 */
import { dirname, isAbsolute, join } from 'node:path/posix';

/** The port to the file system. */
export interface FileSystem {
  /** The text of a symbolic link; `undefined` for anything else, also for what is not there. */
  readLink(path: string): string | undefined;
}

/** A path as it is written, and where it really is. Both absolute, without `.` and `..`. */
export interface Place {
  readonly named: string;
  readonly real: string;
}

/** Reads each link once: for calls that are decided about in one go, and no longer, as links change. */
export class LinksReadOnce implements FileSystem {
  readonly #files: FileSystem;
  readonly #links = new Map<string, string | undefined>();

  constructor(files: FileSystem) {
    this.#files = files;
  }

  readLink(path: string): string | undefined {
    const known = this.#links.get(path);
    if (known !== undefined || this.#links.has(path)) return known;
    const link = this.#files.readLink(path);
    this.#links.set(path, link);
    return link;
  }
}

/** How far a path has been followed. */
interface Way {
  /** Without links. */
  readonly at: string;
  readonly links: number;
}
const ROOT: Way = { at: '/', links: 0 };

/** More links than this in one path are a circle. */
const MAX_LINKS = 40;

/** Finds places, and keeps what it found for the time of one decision. */
export class Places {
  readonly #files: FileSystem;
  readonly #links = new Map<string, string | undefined>();
  readonly #found = new Map<string, Place>();
  readonly #folders = new Map<string, Way>();

  constructor(files: FileSystem) {
    this.#files = files;
  }

  /** `undefined` for a circle of links, or a path that no file can have. */
  find(folder: string, path: string): Place | undefined {
    if (path.includes('\0') || path === '') return undefined;
    const written = path.startsWith('/') ? path : `${folder}/${path}`;
    const known = this.#found.get(written);
    if (known !== undefined) return known;
    const real = (path.startsWith('/') ? this.#follow(ROOT, path) : this.#below(folder, path))?.at;
    if (real === undefined) return undefined;
    // Without links the two are the same, unless `..` follows what is no folder.
    const place = { named: written === real ? real : withoutSlash(join(written)), real };
    this.#found.set(written, place);
    return place;
  }

  /** A folder is followed once, and many paths in it. */
  #below(folder: string, path: string): Way | undefined {
    const way = this.#folders.get(folder) ?? this.#follow(ROOT, folder);
    if (way === undefined) return undefined;
    this.#folders.set(folder, way);
    return this.#follow(way, path);
  }

  #follow(from: Way, path: string): Way | undefined {
    const rest = path.split('/').reverse();
    let { at, links } = from;
    while (rest.length > 0) {
      const part = rest.pop() ?? '';
      if (part === '' || part === '.') continue;
      if (part === '..') {
        at = dirname(at);
        continue;
      }
      const next = at === '/' ? `/${part}` : `${at}/${part}`;
      const link = this.#readLink(next);
      if (link === undefined) {
        at = next;
        continue;
      }
      links += 1;
      if (links > MAX_LINKS) return undefined;
      if (isAbsolute(link)) at = '/';
      rest.push(...link.split('/').reverse());
    }
    return { at, links };
  }

  /** What cannot be looked at is as it is named: neither can a tool, which has the same rights, follow it. */
  #ask(path: string): string | undefined {
    try {
      return this.#files.readLink(path);
    } catch {
      return undefined;
    }
  }

  #readLink(path: string): string | undefined {
    const known = this.#links.get(path);
    if (known !== undefined || this.#links.has(path)) return known;
    const link = this.#ask(path);
    this.#links.set(path, link);
    return link;
  }
}

/** Of a path without empty parts. */
const withoutSlash = (path: string): string =>
  path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;

/** Whether a path is a folder or in it: `/app` holds `/app/x` and not `/app-x`. */
export const isWithin = (path: string, folder: string, ignoresCase = false): boolean => {
  const [one, other] = ignoresCase ? [path.toLowerCase(), folder.toLowerCase()] : [path, folder];
  if (other === '/' || one === other) return true;
  const length = other.endsWith('/') ? other.length - 1 : other.length;
  return one.startsWith(other) && one[length] === '/';
};

/** Folders and files that steer other programs: no rule lets them be changed unasked. */
const STEERING = new Set([
  ...[
    '.git',
    '.vscode',
    '.idea',
    '.husky',
    '.cargo',
    '.devcontainer',
    '.yarn',
    '.mvn',
    '.claude',
    '.ssh',
    '.gnupg',
  ],
  ...[
    '.gitconfig',
    '.gitmodules',
    '.bashrc',
    '.bash_profile',
    '.bash_login',
    '.bash_logout',
    '.profile',
    '.zshrc',
  ],
  ...['.zprofile', '.zshenv', '.mcp.json', '.claude.json', '.ripgreprc', '.npmrc', '.envrc'],
]);

export const isSteering = (path: string): boolean =>
  path
    .toLowerCase()
    .split('/')
    .some((part) => STEERING.has(part)) || /\/\.config\/git(?:\/|$)/i.test(path);
