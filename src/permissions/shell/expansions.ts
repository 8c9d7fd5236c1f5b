/**
 * What expansions do by themselves: they hold scripts of their own, and some evaluate the content of a variable as code
 * (`$((x))` runs the substitution in the index that `x` may hold). The latter are doubts.
 */
import type {
  ArithmeticExpression,
  ParameterExpansionPart,
  ParsedScript,
  SyntaxNode,
  Word,
} from 'unbash';

/** The children of a node of syntax. */
export type Children = (node: SyntaxNode, visit: (child: SyntaxNode) => void) => void;

export interface Findings {
  /** A script inside the node: of a command substitution, a process substitution. */
  script(script: ParsedScript): void;
  doubt(reason: string, text: string): void;
}

/** Looks through a word, an assignment, a here-document's body, or an expression. */
export const scan = (
  node: SyntaxNode,
  variables: ReadonlyMap<string, string>,
  children: Children,
  findings: Findings,
): void => {
  if (node.type === 'Script') return findings.script(node);
  if (endsEarly(node)) findings.doubt('an expansion whose end is not found', textOf(node));
  if (node.type === 'ParameterExpansion') checkParameter(node, findings);
  if (node.type === 'ExtendedGlob')
    findings.doubt('an extended glob, which shells read differently', node.text);
  if (node.type === 'ArithmeticExpansion') {
    if (node.expression !== undefined) checkArithmetic(node.expression, variables, findings);
    else if (!/^\$\(\(\s*\)\)$/.test(node.text))
      findings.doubt('arithmetic that is not understood', node.text);
  }
  children(node, (child) => scan(child, variables, children, findings));
};

const ENDS: Readonly<Partial<Record<SyntaxNode['type'], RegExp>>> = {
  CommandExpansion: /^(?:\$\([\s\S]*\)|`[\s\S]*`|\$\{[\s\S]*\})$/,
  ProcessSubstitution: /\)$/,
  ArithmeticExpansion: /(?:\)\)|\])$/,
  ParameterExpansion: /\}$/,
  DoubleQuoted: /^"[\s\S]*"$/,
};

const textOf = (node: SyntaxNode): string => ('text' in node ? (node.text ?? '') : '');

/** The parser may cut an expansion short, at a sign that it takes for the end of what is around it. */
const endsEarly = (node: SyntaxNode): boolean => {
  const end = ENDS[node.type];
  // A line that is continued may hide what it begins with.
  return end !== undefined && !end.test(textOf(node).replaceAll('\\\n', ''));
};

const isIndex = (word: Word): boolean => /^(?:\d+|[@*]|-\d+)$/.test(word.text);

const checkParameter = (node: ParameterExpansionPart, findings: Findings): void => {
  const { prefix, index, operation, text } = node;
  if (prefix === '!' && operation?.type !== 'Names')
    findings.doubt('a variable names another one, whose index may run commands', text);
  if (index !== undefined && !isIndex(index))
    findings.doubt('an index is evaluated, which may run commands', text);
  switch (operation?.type) {
    case 'Transform':
      return findings.doubt('this transformation may run commands', text);
    case 'Unknown':
      return findings.doubt('an expansion that is not understood', text);
    case 'Slice': {
      const { offset, length } = operation;
      if ([offset, length].some((word) => word !== undefined && !/^\s*-?\d+$/.test(word.text)))
        findings.doubt('a position is evaluated, which may run commands', text);
      return;
    }
    case 'Replace':
      // Where the pattern ends is not found reliably when it holds more than plain text.
      if (/[$`"']/.test(operation.pattern.text))
        findings.doubt('a pattern with expansions or quotes', text);
      return;
    case 'Default':
      if (operation.operator.endsWith('='))
        findings.doubt('an expansion that sets a variable', text);
      return;
    default:
      return;
  }
};

/** Numbers, and variables that are known to hold numbers, are all that is evaluated without harm. */
export const checkArithmetic = (
  node: ArithmeticExpression,
  variables: ReadonlyMap<string, string>,
  findings: Findings,
): void => {
  const check = (inner: ArithmeticExpression) => checkArithmetic(inner, variables, findings);
  switch (node.type) {
    case 'ArithmeticBinary':
      if (/^[^=!<>]*=$|^<<=$|^>>=$/.test(node.operator))
        findings.doubt('arithmetic that sets a variable', node.operator);
      check(node.left);
      return check(node.right);
    case 'ArithmeticUnary':
      if (/^(?:\+\+|--)$/.test(node.operator))
        findings.doubt('arithmetic that sets a variable', node.operator);
      return check(node.operand);
    case 'ArithmeticTernary':
      check(node.test);
      check(node.consequent);
      return check(node.alternate);
    case 'ArithmeticGroup':
      return check(node.expression);
    case 'ArithmeticCommandExpansion':
      return findings.doubt('the output of a command is evaluated', node.text);
    case 'ArithmeticWord': {
      const name = node.value.replace(/^\$(?:\{(\w+)\}|(\w+))$/, '$1$2');
      if (/^\d[\da-fA-FxX#]*$/.test(name) || /^\$(?:[?#$]|\{#\w+\})$/.test(name)) return;
      if (/^-?\d+$/.test(variables.get(name) ?? '')) return;
      return findings.doubt(
        'a variable is evaluated as arithmetic, which may run commands',
        node.value,
      );
    }
  }
};
