/** What a command reads beside the files that its words name: all below a folder. */
import type { SimpleCommand } from '../shell/prediction.ts';
import { programOf } from './dangers.ts';

/** Their words are looked at, and what is in the files is not printed. */
const NAMING = new Set([
  ...['ls', 'stat', 'du', 'df', 'test', '[', 'cd', 'find', 'tree', 'basename', 'dirname'],
  ...['realpath', 'readlink', 'mkdir', 'rmdir', 'touch', 'rm', 'unlink', 'chmod', 'chown'],
]);

export const readsWhatIsIn = ({ words }: SimpleCommand): boolean =>
  !NAMING.has(programOf(words[0]?.value ?? ''));

const RECURSIVE: Readonly<Record<string, RegExp>> = {
  grep: /^(?:-[a-zA-Z]*[rR]|--recursive|--dereference-recursive|--directories=recurse)/,
  diff: /^(?:-[a-zA-Z]*r|--recursive)/,
};
const HIDDEN = /^(?:-[a-zA-Z]*u|-\.|--hidden|--unrestricted|--no-ignore)/;

/** Which files below the folders that it is given it reads; undefined: none. */
export const reachOf = ({ words }: SimpleCommand): 'all' | 'shown' | undefined => {
  const name = programOf(words[0]?.value ?? '').replace(/^[ef]grep$/, 'grep');
  const args = words.slice(1).map(({ value }) => value);
  if (name === 'rg') return args.some((arg) => HIDDEN.test(arg)) ? 'all' : 'shown';
  if (name === 'git') return args[0] === 'grep' ? 'all' : undefined;
  const flag = RECURSIVE[name];
  return flag !== undefined && args.some((arg) => flag.test(arg)) ? 'all' : undefined;
};
