/** Programs whose exit code 1 is an answer: nothing was found, the files differ, it is not so. */
import { predict } from '../../permissions/shell/predict.ts';

const ANSWERING = new Set(['grep', 'rg', 'egrep', 'fgrep', 'find', 'diff', 'test', '[']);
const ANSWERING_GIT = new Set(['diff', 'grep']);

/** Whether the program whose exit code a line ends with is one of them. */
export const isOneFine = (command: string): boolean => {
  const line = command.trim();
  const { commands } = predict(line, { cwd: '/' });
  // A command that is inside another one, as in `$(…)`, does not reach to the end of the line.
  const atEnd = commands.filter(({ text }) => line.endsWith(text.trim()));
  const last = atEnd.toSorted((one, other) => other.text.length - one.text.length)[0];
  const { program = '', words = [] } = last ?? commands.at(-1) ?? {};
  return ANSWERING.has(program) || (program === 'git' && ANSWERING_GIT.has(words[1]?.value ?? ''));
};
