/** Scripts by chance, of programs that only write down how they were started. */
import { HOLE, OPERAND_HOLE, type ShellWord } from '../../../src/permissions/shell/word.ts';
import type { Dice } from '../../../src/testing/dice.ts';

/** Those with an even place succeed. */
export const programs = ['p0', 'p1', 'p2', 'p3', 'p4', 'p5'];

/** Of a line of arguments: places in it. */
type Places = ReadonlySet<number>;

/**
 * Whether a line, its arguments with `\u0001` between them, is what a predicted command looks like once it has started. Places that
 * are reached so far are kept as a set: a regular expression would try the ways to each of them one after the other, and a line
 * of some hundred characters has more than a machine can try.
 */
export const isStartOf = (words: readonly ShellWord[], line: string): boolean => {
  const [program, ...args] = words;
  let places: Places = program === undefined ? new Set([0]) : behind(line, piecesOf(program), [0]);
  for (const arg of args) {
    const once = (from: Iterable<number>) => behind(line, ['\u0001', ...piecesOf(arg)], from);
    places = arg.splits === 'no' ? once(places) : closure(places, once);
  }
  return places.has(line.length);
};

/** What a word may become is only known where it becomes one argument, or names of files. */
const piecesOf = ({ value, splits }: ShellWord): readonly string[] =>
  splits === 'no' || splits === 'names' ? value.split(/([\uFFFE\uFFFF])/) : [HOLE];

const behind = (line: string, pieces: readonly string[], from: Iterable<number>): Places => {
  let places: Places = new Set(from);
  for (const piece of pieces) places = behindOne(line, piece, places);
  return places;
};

const behindOne = (line: string, piece: string, places: Places): Places => {
  if (piece === HOLE || piece === OPERAND_HOLE) return fromFirst(places, line.length);
  const begun = [...places].filter((at) => line.startsWith(piece, at));
  return new Set(begun.map((at) => at + piece.length));
};

/** Anything, or nothing: each place from the first one on. */
const fromFirst = (places: Places, end: number): Places => {
  const first = Math.min(...places);
  return new Set(
    places.size === 0 ? [] : Array.from({ length: end - first + 1 }, (_, more) => first + more),
  );
};

/** As often as it likes, or never. */
const closure = (places: Places, once: (from: Iterable<number>) => Places): Places => {
  const all = new Set(places);
  for (let added: readonly number[] = [...places]; added.length > 0; ) {
    added = [...once(added)].filter((at) => !all.has(at));
    for (const at of added) all.add(at);
  }
  return all;
};

export const script = (dice: Dice): string => list(dice, 3);

const list = (dice: Dice, depth: number): string =>
  Array.from({ length: dice.int(1, 2) }, () => command(dice, depth)).join(
    dice.pick(['; ', '\n', ' && ', ' || ']),
  );

const command = (dice: Dice, depth: number): string => {
  const inner = () => list(dice, depth - 1);
  if (depth === 0 || dice.once(2)) return simple(dice, depth);
  return dice.pick([
    () => `${simple(dice, depth)} | ${simple(dice, depth)}`,
    () => `(${inner()})`,
    () => `{ ${inner()}; }`,
    () => `if ${inner()}; then ${inner()}; else ${inner()}; fi`,
    () => `if ${inner()}; then ${inner()}; elif ${inner()}; then ${inner()}; fi`,
    () => `for v in a "b c" d; do ${inner()}; done`,
    () => `for v in a b; do p0 "$v"; ${inner()}; done`,
    () => `while ${inner()}; do ${inner()}; break; done`,
    () => `until ${inner()}; do ${inner()}; break; done`,
    () => `case ${word(dice, depth)} in a) ${inner()};; *) ${inner()};; esac`,
    () => `! ${simple(dice, depth)}`,
    () => `${simple(dice, depth)} <<E\n${word(dice, depth)} x\nE\n`,
    () => `${simple(dice, depth)} <<'E'\n$(p5 never)\nE\n`,
    () => `${simple(dice, depth)} <<< ${word(dice, depth)}`,
    () => `x=${word(dice, depth)}; ${simple(dice, depth)}`,
    () => `x=lit; ${inner()}`,
    () => `[ -n ${quoted(dice, depth)} ] && ${simple(dice, depth)}`,
    () => `[[ ${quoted(dice, depth)} == a* ]] || ${simple(dice, depth)}`,
    () => `cd sub; ${simple(dice, depth)}; cd ..`,
    () => `${simple(dice, depth)} > /dev/null 2>&1`,
  ])();
};

const simple = (dice: Dice, depth: number): string => {
  const args = Array.from({ length: dice.int(0, 2) }, () => word(dice, depth)).join(' ');
  const plain = `${program(dice)} ${args}`.trim();
  return dice.pick([
    () => plain,
    () => plain,
    () => plain,
    () => `env ${plain}`,
    () => `nice -n 1 ${plain}`,
    () => `timeout 5 ${plain}`,
    () => `command ${plain}`,
    () => `FOO=${word(dice, depth)} ${plain}`,
    () => `echo a b | xargs ${plain}`,
    () => `echo a | xargs -I{} ${plain} {}`,
    () => `echo ${args}`,
  ])();
};

const program = (dice: Dice): string => {
  const name = dice.pick(programs);
  return dice.pick([name, name, `"${name}"`, `'${name[0]}'${name[1]}`, `\\${name}`, `$'${name}'`]);
};

const quoted = (dice: Dice, depth: number): string =>
  `"${dice.pick(['a', '$x', '$(p2 q)', '`p3 q`'])}${depth}"`;

const word = (dice: Dice, depth: number): string => {
  if (depth === 0) return dice.pick(['a', "'b c'", '"$x"', '$x', '-n', '*', 'd\\ e', '""']);
  const inner = () => simple(dice, depth - 1);
  return dice.pick([
    () =>
      dice.pick([
        'a',
        "'$(p5 never)'",
        '"c"',
        'f*',
        '{a,b}',
        '"a$x"',
        '$?',

        '~',
        '$((1 + 2))',
      ]),
    () => `$(${inner()})`,
    () => `"$(${inner()})"`,
    () => `"a \${x:-$(${inner()})}"`,
    () => `\${y:-$(${inner()})}`,
    () => `"\`${dice.pick(programs)} z\`"`,
    () => `<(${inner()})`,
    () => `a$(${inner()})b`,
    () => `{a,$(${inner()})}`,
    () => '"$v"',
    () => '$v',
  ])();
};
