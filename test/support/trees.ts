/** Folders with all that a tree may have, and what is in one, for comparing it. */
import { createHash } from 'node:crypto';
import {
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** Text: a file; `->`: a link; null: an empty folder. */
export type Tree = Readonly<Record<string, string | Buffer | { readonly to: string } | null>>;

const AT = new Date('2026-03-04T05:06:07.000Z');

export const makeTree = (root: string, tree: Tree): void => {
  for (const [path, what] of Object.entries(tree)) {
    const at = join(root, path);
    mkdirSync(what === null ? at : dirname(at), { recursive: true });
    if (what === null) continue;
    if (typeof what === 'string' || Buffer.isBuffer(what)) writeFileSync(at, what);
    else symlinkSync(what.to, at);
  }
  setTimes(root);
};

const setTimes = (folder: string): void => {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const at = join(folder, entry.name);
    if (entry.isDirectory()) setTimes(at);
    if (entry.isSymbolicLink()) lutimesSync(at, AT, AT);
    else utimesSync(at, AT, AT);
  }
};

export const FULL: Tree = {
  'README.md': '# hello\n',
  empty: '',
  'an empty folder': null,
  'src/index.ts': 'export const one = 1;\n'.repeat(2_000),
  'src/deep/er/still/file.bin': Buffer.from(
    Array.from({ length: 70_000 }, (_, n) => (n * n) % 251),
  ),
  'blocks/exactly-512': 'x'.repeat(512),
  'blocks/one-more': 'x'.repeat(513),
  'names/é composed': 'nfc',
  'names/e\u0301 decomposed': 'nfd',
  'names/日本語.txt': 'other letters',
  'names/a\nnewline and "quotes"': 'odd',
  'names/UPPER': '1',
  'names/upper': '2',
  [`long/${'name'.repeat(50)}`]: 'long name',
  [`${'deep-folder/'.repeat(20)}end`]: 'long path',
  [`split/${'s'.repeat(90)}/${'t'.repeat(60)}`]: 'fits into two fields',
  'links/inside': { to: '../README.md' },
  'links/dangling': { to: '../nothing/there' },
  'links/folder': { to: '../src' },
  'links/é': { to: '../names/é composed' },
};

/** What is in a folder: kind, permissions, time in seconds, and what is in each file. */
export const treeOf = (root: string, path = ''): Readonly<Record<string, string>> => {
  const found: Record<string, string> = {};
  for (const name of readdirSync(join(root, path)).sort()) {
    const inner = path === '' ? name : `${path}/${name}`;
    const at = join(root, inner);
    const stats = lstatSync(at);
    const facts = `${(stats.mode & 0o777).toString(8)} ${Math.floor(stats.mtimeMs / 1_000)}`;
    if (stats.isSymbolicLink()) found[inner] = `link ${readlinkSync(at)}`;
    else if (stats.isDirectory())
      Object.assign(found, { [inner]: `folder ${facts}` }, treeOf(root, inner));
    else
      found[inner] =
        `file ${facts} ${createHash('sha256').update(readFileSync(at)).digest('hex').slice(0, 16)}`;
  }
  return found;
};
