/** `AskUserQuestion`: the call is a question to a person, whose answers come with the approval, in its input. */
import { z } from 'zod';
import type { ToolOutcome } from '../../session/ports/tools.ts';
import { failed, said } from '../tool/outcome.ts';
import { type BuiltinTool, builtinTool, jsonSchemaOf } from '../tool/tool.ts';

const MAX_ANSWER = 10_000;

const Option = z.strictObject({
  label: z.string().min(1).max(200).describe('What is chosen, in one to five words'),
  description: z.string().max(2_000).describe('What choosing it means'),
});

const Question = z.strictObject({
  question: z.string().min(1).max(2_000).describe('The whole question, with its question mark'),
  header: z.string().min(1).max(50).describe('A label of at most 12 characters, as "Library"'),
  options: z.array(Option).min(2).max(4).describe('Answers to choose from; others can be typed'),
  multiSelect: z.boolean().default(false).describe('Several may be chosen'),
});

/** As the model makes it. */
const Asked = z.strictObject({ questions: z.array(Question).min(1).max(4) });

const Answer = z.union([
  z.string().max(MAX_ANSWER),
  z.array(z.string().max(MAX_ANSWER)).max(50).describe('of a question with multiSelect'),
]);

/** With what a person has answered, by question. */
const Answered = Asked.extend({ answers: z.record(z.string(), Answer).optional() });
type Answered = z.output<typeof Answered>;

const answering = builtinTool({
  name: 'AskUserQuestion',
  description:
    'Asks the user one to four questions, and waits for the answers. For what only the user can decide: a preference, a requirement that is unclear, a choice between ways. Each question has two to four options; the user may also type another answer.',
  effect: 'pure',
  input: Answered,
  work: async ({ questions, answers = {} }) => told(questions, answers),
});

/** Answers are not the model's to give: it is not shown that there is a field for them. */
export const AskUserQuestion: BuiltinTool = {
  ...answering,
  offered: { ...answering.offered, inputSchema: jsonSchemaOf(Asked) },
};

const told = (
  questions: Answered['questions'],
  answers: NonNullable<Answered['answers']>,
): ToolOutcome => {
  const given = questions.map(({ question }) =>
    textOf(Object.hasOwn(answers, question) ? answers[question] : undefined),
  );
  if (given.every((text) => text === undefined))
    return failed(
      'The call was allowed, but no answers to the questions were given. Go on without them, or ask in your answer.',
    );
  const lines = questions.map(
    ({ question }, at) => `- ${question}\n  ${given[at] ?? '(no answer to this one)'}`,
  );
  return said(`The user has answered:\n${lines.join('\n')}`);
};

const textOf = (answer: z.output<typeof Answer> | undefined): string | undefined => {
  const text = typeof answer === 'string' ? answer : answer?.join(', ');
  return text === undefined || text.trim() === '' ? undefined : text;
};
