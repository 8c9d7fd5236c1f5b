/**
 * The pattern of a `Read(…)` or `Edit(…)` rule: gitignore's syntax, with anchors.
 *
 * `//abs` is absolute, `~/x` in the home folder, `/x` in the folder of the settings, `x` and `./x` in the working folder,
 * a bare name at any depth there. A pattern that matches a folder matches all that is in it.
 */
import { join, normalize } from 'node:path/posix';

export interface PathPattern {
  readonly kind: 'path';
  /** As it is written in the rule. */
  readonly text: string;
  readonly matchers: Matchers;
}

/** Folders for which one rule's matchers are kept. */
const MAX_KEPT = 100;

/** What a pattern was compiled to: that takes as long as all else of a decision's part in one rule. */
class Matchers {
  readonly #known = new Map<string, RegExp>();

  get(key: string, make: () => RegExp): RegExp {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_KEPT) this.#known.clear();
    const made = make();
    this.#known.set(key, made);
    return made;
  }
}

/** What anchors stand for. */
export interface Anchors {
  readonly cwd: string;
  readonly home: string | undefined;
  /** The folder of the settings that the rule came from; default: the working folder. */
  readonly settingsFolder?: string | undefined;
}

/** A sentence says what is wrong with the text. */
export const pathPattern = (text: string): PathPattern | string => {
  const fault = faultOf(text);
  return fault ?? { kind: 'path', text, matchers: new Matchers() };
};

const faultOf = (text: string): string | undefined => {
  if (text.trim() === '') return 'it is empty: leave the parentheses out for every file';
  if (text.includes('\0')) return 'no path holds a NUL character';
  if (/^[a-z][a-z+.-]*:\/\//i.test(text))
    return 'it is an address, not a path: write WebFetch(domain:…) for one';
  if (/^domain:/.test(text)) return 'it is a domain: write WebFetch(domain:…)';
  if (text.startsWith('!')) return 'a rule has no exceptions: a deny rule takes from an allow rule';
  if (/^[A-Za-z]:[\\/]|\\[^*?[\]\\ ]/.test(text)) return 'folders are separated by /';
  if (/^~[^/]/.test(text))
    return "only one's own home is known: write ~/ or an absolute path with //";
  if (/^\/{3,}/.test(text) || /[^/]\/\/|.\/{3,}/.test(text))
    return 'a path has no empty parts: write // only at its beginning, for an absolute path';
  if (/\[[^\]]*$/.test(text)) return 'a [ is never closed';
  if (/(?:^|\/)[^/]*\*\*[^/]+|[^/]+\*\*(?:\/|$)/.test(text.replace(/^\/+/, '')))
    return '** stands alone between slashes, for any number of folders';
  return undefined;
};

/** @param isWide for ask and deny: `src/**` is any folder `src`, for allow only the one in the working folder. */
export const pathMatcher = (
  { text, matchers }: PathPattern,
  anchors: Anchors,
  isWide: boolean,
  ignoresCase: boolean,
): RegExp | undefined => {
  const place = placeOf(text, anchors);
  if (place === undefined) return undefined;
  const key = `${isWide} ${ignoresCase} ${place.isRelative} ${place.root}`;
  return matchers.get(key, () => compiled(text, place, isWide, ignoresCase));
};

/** The same as names on the way from the root, with `**` for any number of folders, for ask and deny. */
export const pathParts = (
  { text }: PathPattern,
  anchors: Anchors,
): readonly string[] | undefined => {
  const place = placeOf(text, anchors);
  if (place === undefined) return undefined;
  const { plain, anyDepth } = bodyOf(text, place, true);
  const parts = `${place.root}/${anyDepth ? '**/' : ''}${plain}`.split('/');
  return parts.filter((part) => part !== '' && part !== '.');
};

const compiled = (text: string, place: Place, isWide: boolean, ignoresCase: boolean): RegExp => {
  const { root } = place;
  const { plain, anyDepth } = bodyOf(text, place, isWide);
  const prefix = root === '/' ? '' : escaped(root);
  const body =
    plain === '' || plain === '.' ? '' : `/${anyDepth ? '(?:[^/]+/)*' : ''}${globSource(plain)}`;
  return new RegExp(`^${prefix}${body}(?:/.*)?$`, ignoresCase ? 'is' : 's');
};

const bodyOf = (text: string, { rest, isRelative }: Place, isWide: boolean) => {
  const plain = rest.replace(/\/+$/, '');
  const isBare = !plain.includes('/') && isRelative && !/^\.\.?$/.test(plain);
  const isOneFolder = /^[^/*]+\/\*\*$/.test(plain) && isRelative && !text.startsWith('./');
  return { plain, anyDepth: isBare || (isWide && isOneFolder) };
};

interface Place {
  readonly root: string;
  readonly rest: string;
  readonly isRelative: boolean;
}

const placeOf = (text: string, anchors: Anchors): Place | undefined => {
  if (text.startsWith('//')) return { root: '/', rest: tidy(text.slice(2)), isRelative: false };
  if (text === '~' || text.startsWith('~/')) {
    if (anchors.home === undefined) return undefined;
    return { root: anchors.home, rest: tidy(text.slice(2)), isRelative: false };
  }
  if (text.startsWith('/'))
    return {
      root: anchors.settingsFolder ?? anchors.cwd,
      rest: tidy(text.slice(1)),
      isRelative: false,
    };
  let [root, rest] = [anchors.cwd, tidy(text)];
  while (rest === '..' || rest.startsWith('../')) {
    root = join(root, '..');
    rest = rest.slice(3);
  }
  const isRelative = root === anchors.cwd && !text.startsWith('./');
  return { root, rest, isRelative };
};

const tidy = (path: string): string => (path === '' ? '' : normalize(path));

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

const globSource = (glob: string): string => {
  const parts = glob.split('/');
  return parts
    .map((part, at) => {
      const isLast = at === parts.length - 1;
      if (part === '**') return isLast ? '.+' : '(?:[^/]+/)*';
      return partSource(part) + (isLast ? '' : '/');
    })
    .join('');
};

const partSource = (part: string): string =>
  part.replace(/\\(.)|\*+|\?|\[(!?)([^\]]+)\]|[.+^${}()|[\]\\/]/g, (whole, quoted, not, set) => {
    if (quoted !== undefined) return escaped(quoted);
    if (whole.startsWith('*')) return '[^/]*';
    if (whole === '?') return '[^/]';
    if (set !== undefined)
      return `(?!/)[${not === '!' ? '^' : ''}${set.replace(/[\\[\]]/g, '\\$&')}]`;
    return `\\${whole}`;
  });
