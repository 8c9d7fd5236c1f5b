/** `TodoWrite`: the model's own list. It stands in the transcript, in the call; nothing else keeps it. */
import { z } from 'zod';
import { said } from '../tool/outcome.ts';
import { builtinTool } from '../tool/tool.ts';

/** Points of one list. */
const MAX_POINTS = 500;

const Point = z.strictObject({
  content: z.string().min(1).max(2_000).describe('What is to be done, as an order'),
  status: z.enum(['pending', 'in_progress', 'completed']),
  activeForm: z.string().min(1).max(2_000).describe('What is being done, as "Running the tests"'),
});

const Input = z.strictObject({
  todos: z.array(Point).max(MAX_POINTS).describe('The whole list; it replaces the one before'),
});

export const TodoWrite = builtinTool({
  name: 'TodoWrite',
  description:
    'Keeps the list of what is to be done in this session, for work of several steps. Give the whole list each time; have one point in progress, and complete it as soon as it is done.',
  effect: 'pure',
  input: Input,
  work: async ({ todos }) => {
    const count = (status: string) => todos.filter((todo) => todo.status === status).length;
    return said(
      `The list has ${todos.length} points: ${count('completed')} completed, ${count('in_progress')} in progress, ${count('pending')} pending. Go on with what is in progress.`,
    );
  },
});
