/** Scripts by chance, of programs that only write down how they were started. */
import { HOLE, OPERAND_HOLE, type ShellWord } from '../../../src/permissions/shell/word.ts';
import type { Dice } from '../../../src/testing/dice.ts';

/** Those with an even place succeed. */
export const programs = ['p0', 'p1', 'p2', 'p3', 'p4', 'p5'];

/** What a predicted command looks like once it has started. */
export const lineWords = (words: readonly ShellWord[]): RegExp => {
  const [program, ...args] = words.map(({ value, splits }) => {
    const parts = value.split(/([\uFFFE\uFFFF])/);
    const source = parts
      .map((part) =>
        part === HOLE || part === OPERAND_HOLE
          ? '[^]*'
          : part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'),
      )
      .join('');
    return splits === 'no'
      ? `\u0001${source}`
      : `(?:\u0001${splits === 'names' ? source : '[^]*'})*`;
  });
  return new RegExp(`^${(program ?? '').slice(1)}${args.join('')}$`);
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
