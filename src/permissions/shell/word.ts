/**
 * A word of a command as far as it is known before it runs. What is not known is a hole in its value, a character that
 * no command holds: a rule's star may stand for it, and nothing else.
 */
import type { DoubleQuotedChild, ParameterExpansionPart, Word, WordPart } from 'unbash';

/** Stands for any text, also for no text. */
export const HOLE = '\uFFFF';
/** Stands for text that is not empty and does not begin with a dash, such as one of a loop's words. */
export const OPERAND_HOLE = '\uFFFE';

export interface ShellWord {
  /** As it is written. */
  readonly text: string;
  /** After quotes and expansions, with holes. */
  readonly value: string;
  /**
   * `fields`: it may become any number of words. `names`: too, but each of them begins and ends as the value does, as
   * globs and braces do.
   */
  readonly splits: 'no' | 'fields' | 'names';
}

/** What is known of variables where a word stands, and the home folder. */
export interface Values {
  readonly variables: ReadonlyMap<string, string>;
  readonly home: string | undefined;
}

export const literalWord = (value: string): ShellWord => ({ text: value, value, splits: 'no' });

export const isLiteral = ({ value, splits }: ShellWord): boolean =>
  splits === 'no' && !/[\uFFFE\uFFFF]/.test(value);

/** Whether a program may take it, or one of the words that it becomes, for an option. */
export const mayBeOption = ({ value, splits }: ShellWord): boolean =>
  splits === 'fields' || value.startsWith('-') || value.startsWith(HOLE);

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** Whether it may become this text, or begin with it. */
export const mayBe = (word: ShellWord, text: string, how: 'whole' | 'beginning' = 'whole') => {
  if (word.splits === 'fields') return true;
  if (isLiteral(word)) return how === 'whole' ? word.value === text : word.value.startsWith(text);
  const pattern = word.value
    .split(/([\uFFFE\uFFFF])/)
    .map((piece) => (piece === HOLE || piece === OPERAND_HOLE ? '[^]*' : escaped(piece)))
    .join('');
  if (how === 'whole') return new RegExp(`^${pattern}$`).test(text);
  const [lead = ''] = word.value.split(/[\uFFFE\uFFFF]/);
  return lead.length < text.length ? text.startsWith(lead) : lead.startsWith(text);
};

interface Piece {
  readonly value: string;
  readonly splits: ShellWord['splits'];
}

const known = (value: string): Piece => ({ value, splits: 'no' });
const hole = (isQuoted: boolean): Piece => ({ value: HOLE, splits: isQuoted ? 'no' : 'fields' });

export const shellWord = (word: Word, values: Values): ShellWord => {
  const { text, parts } = word;
  const tilde = tildeOf(text, values.home);
  if (parts === undefined) {
    const value = tilde === undefined ? word.value : tilde + word.value.slice(1);
    return { text, value, splits: 'no' };
  }
  let value = '';
  let splits: ShellWord['splits'] = 'no';
  for (const [at, part] of parts.entries()) {
    const piece = pieceOf(part, values);
    value += at === 0 && tilde !== undefined ? tilde + piece.value.slice(1) : piece.value;
    splits = splits === 'fields' || piece.splits === 'no' ? splits : piece.splits;
  }
  return { text, value, splits };
};

/** What an unquoted `~` at the beginning becomes. */
const tildeOf = (text: string, home: string | undefined): string | undefined => {
  if (!text.startsWith('~')) return undefined;
  return (text === '~' || text[1] === '/') && home !== undefined ? home : HOLE;
};

const pieceOf = (part: WordPart, values: Values): Piece => {
  switch (part.type) {
    case 'Literal':
    case 'SingleQuoted':
    case 'AnsiCQuoted':
      return known(part.value);
    case 'DoubleQuoted':
      return quotedPiece(part.parts, values);
    case 'LocaleString':
      return known(HOLE);
    case 'SimpleExpansion':
      return variable(part.text.slice(1), values, false);
    case 'ParameterExpansion':
      return parameter(part, values, false);
    case 'CommandExpansion':
      return hole(false);
    case 'ArithmeticExpansion':
      return known(HOLE);
    case 'ProcessSubstitution':
      return known(`/dev/fd/${OPERAND_HOLE}`);
    case 'Glob':
    case 'ExtendedGlob':
      return { value: HOLE, splits: 'names' };
    case 'BraceExpansion':
      return { value: HOLE, splits: part.parts?.some(isNested) === true ? 'fields' : 'names' };
  }
};

const isNested = ({ type }: WordPart): boolean => type !== 'Literal' && type !== 'SingleQuoted';

const quotedPiece = (parts: readonly DoubleQuotedChild[], values: Values): Piece => {
  let value = '';
  let splits: ShellWord['splits'] = 'no';
  for (const part of parts) {
    const piece = quotedChild(part, values);
    value += piece.value;
    splits = splits === 'no' ? piece.splits : splits;
  }
  return { value, splits };
};

const quotedChild = (part: DoubleQuotedChild, values: Values): Piece => {
  switch (part.type) {
    case 'Literal':
      return known(part.value);
    case 'SimpleExpansion':
      return variable(part.text.slice(1), values, true);
    case 'ParameterExpansion':
      return parameter(part, values, true);
    case 'CommandExpansion':
    case 'ArithmeticExpansion':
      return hole(true);
  }
};

const parameter = (part: ParameterExpansionPart, values: Values, isQuoted: boolean): Piece => {
  const { prefix, index, operation } = part;
  if (prefix === '#') return known(OPERAND_HOLE);
  const isPlain = prefix === undefined && index === undefined && operation === undefined;
  if (isPlain) return variable(part.parameter, values, isQuoted);
  const isList = prefix === '!' || part.parameter === '@' || /^[@*]$/.test(index?.value ?? '');
  return hole(isQuoted && !isList);
};

const variable = (name: string, values: Values, isQuoted: boolean): Piece => {
  // The exit code, the number of arguments and this process's id are numbers.
  if (name === '?' || name === '#' || name === '$') return known(OPERAND_HOLE);
  if (name === '@') return hole(false);
  const value = values.variables.get(name);
  if (value === undefined) return hole(isQuoted);
  // Without quotes a value is split, and its globs become names.
  return isQuoted || /^[^\s*?[\\\uFFFF]+$/.test(value) ? known(value) : hole(false);
};
