/** The little languages that stand in arguments: which texts of theirs are seen to do nothing but print. */

const ADDRESS = /^(?:\d+(?:~\d+)?|\$|\/(?:[^/\\\n]|\\.)*\/[IM]*|\\%(?:[^%\\\n]|\\.)*%[IM]*)/;

/** A script of `sed` without commands that run programs (`e`), read or write files (`r`, `w`). */
export const isHarmlessSed = (script: string): boolean => {
  let rest = script;
  while (rest !== '') {
    const before = rest;
    rest = rest.replace(/^[\s;{}]+/, '');
    if (rest === '') return true;
    rest = afterAddresses(rest);
    const next = afterCommand(rest);
    if (next === undefined || next.length >= before.length) return false;
    rest = next;
  }
  return true;
};

const afterAddresses = (text: string): string => {
  const one = text.replace(ADDRESS, '');
  const two = one === text ? text : one.replace(/^\s*,\s*(?:[+~]\d+)?/, '').replace(ADDRESS, '');
  return two.replace(/^\s*!*\s*/, '');
};

/** What stands behind one command; `undefined` for one that is not known to be harmless. */
const afterCommand = (text: string): string | undefined => {
  const [letter = ''] = text;
  if (letter === '#') return text.replace(/^[^\n]*/, '');
  if (/[{}]/.test(letter)) return text.slice(1);
  if (/[=dDgGhHnNpPxzlqQF]/.test(letter)) return endOf(text.slice(1).replace(/^[ \t]*\d*/, ''));
  if (letter === 's' || letter === 'y') return afterSubstitution(text);
  // The rest of the line is text. A line that goes on is not looked at.
  if (/[aic]/.test(letter)) return /^[^\\\n]*$/.test(text) ? '' : undefined;
  return undefined;
};

const endOf = (text: string): string | undefined =>
  /^[ \t]*(?:$|[;}\n])/.test(text) ? text : undefined;

const afterSubstitution = (text: string): string | undefined => {
  const mark = text[1];
  if (mark === undefined || /[\s\\\w;{}]/.test(mark)) return undefined;
  let at = 2;
  for (let part = 0; part < 2; part += 1) {
    while (at < text.length && text[at] !== mark) {
      // A bracket expression may hold the mark, which is read in different ways.
      if (text[at] === '[' && text.slice(at, text.indexOf(']', at + 2)).includes(mark))
        return undefined;
      at += text[at] === '\\' ? 2 : 1;
    }
    if (text[at] !== mark) return undefined;
    at += 1;
  }
  const flags = /^[gpiI\d]*/.exec(text.slice(at))?.[0] ?? '';
  return endOf(text.slice(at + flags.length));
};

/** A program of `awk` that starts nothing and opens no file. */
export const isHarmlessAwk = (program: string): boolean => {
  if (
    /system|getline|ARGV|ARGC|ENVIRON|PROCINFO|@|\||\bfflush|\bclose/.test(
      program.replaceAll('||', ''),
    )
  )
    return false;
  const print = program.search(/print/);
  // Behind a print, > is a file, wherever a string or an expression may seem to hold it.
  return print < 0 || !program.slice(print).includes('>');
};

/** A filter of `jq` that reads neither the environment nor modules. */
export const isHarmlessJq = (filter: string): boolean =>
  !/\$ENV|\benv\b|\b(?:import|include|input_filename|get_search_list|debug|halt)\b|\$__prog/.test(
    filter,
  );
