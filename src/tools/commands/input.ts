/** The tools that run commands: what they take, and what the model is told of them. */
import { z } from 'zod';
import { API_RUNNERS, type OfferedTool } from '../../session/ports/tools.ts';

export const DEFAULT_TIMEOUT_MS = 120_000;
export const MAX_TIMEOUT_MS = 600_000;
export const DEFAULT_BACKGROUND_MS = 30 * 60_000;
export const MAX_BACKGROUND_MS = 2 * 60 * 60_000;
const DEFAULT_WAIT_MS = 30_000;
/** What the system takes as one argument of a program, less a little: in bytes. */
export const MAX_COMMAND_BYTES = 120_000;

const Command = z
  .string()
  .refine((text) => !text.includes('\0'), 'has a NUL character')
  .refine(
    (text) => Buffer.byteLength(text) <= MAX_COMMAND_BYTES,
    `is longer than ${MAX_COMMAND_BYTES} bytes: write a script to a file, and run that`,
  );

export const BashInput = z
  .object({
    command: Command.describe('The command'),
    timeout: z
      .int()
      .min(1)
      .max(MAX_BACKGROUND_MS)
      .optional()
      .describe(
        `Milliseconds until it is ended: ${DEFAULT_TIMEOUT_MS} by default, at most ${MAX_TIMEOUT_MS}; in the background ${DEFAULT_BACKGROUND_MS}, at most ${MAX_BACKGROUND_MS}`,
      ),
    description: z.string().optional().describe('What it does, in five to ten words'),
    run_in_background: z
      .boolean()
      .optional()
      .describe('Answers at once with a task id, for TaskOutput and TaskStop'),
    dangerouslyDisableSandbox: z.boolean().optional().describe('Has no effect here'),
  })
  .refine(
    ({ timeout = 0, run_in_background }) => run_in_background === true || timeout <= MAX_TIMEOUT_MS,
    {
      path: ['timeout'],
      message: `is at most ${MAX_TIMEOUT_MS} for what is not in the background`,
    },
  );
export type BashInput = z.infer<typeof BashInput>;

export const OutputInput = z.object({
  task_id: z.string().describe('As Bash has given it'),
  block: z.boolean().optional().describe('Wait for its end; true by default'),
  timeout: z
    .int()
    .min(0)
    .max(MAX_TIMEOUT_MS)
    .optional()
    .describe(`Milliseconds to wait: ${DEFAULT_WAIT_MS} by default`),
});

export const StopInput = z.object({ task_id: z.string().describe('As Bash has given it') });

/** The older names of the same: they never wait. */
export const OlderOutputInput = z.object({ bash_id: z.string() });
export const OlderStopInput = z.object({ shell_id: z.string() });

export const waitOf = ({ block = true, timeout = DEFAULT_WAIT_MS }: z.infer<typeof OutputInput>) =>
  block ? timeout : 0;

const schemaOf = (schema: z.ZodType): Readonly<Record<string, unknown>> => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
};

export const COMMAND_TOOLS: readonly OfferedTool[] = [
  {
    name: 'Bash',
    description: [
      'Runs a command with bash and gives what it prints. Each call has a shell of its own: its folder is kept for the',
      'next call while it is inside the working directory, its variables are not. Standard input is empty. What the',
      'command leaves running ends with it; use run_in_background for servers and other long work. Long output goes',
      'to a file, and its beginning and end are shown.',
    ].join(' '),
    inputSchema: schemaOf(BashInput),
    effect: 'at_most_once',
  },
  {
    name: 'TaskOutput',
    description:
      'Gives what a background command has printed since it was last asked about, and whether it has ended.',
    inputSchema: schemaOf(OutputInput),
    effect: 'idempotent', // what one that was lost has read is in the file
  },
  {
    name: 'TaskStop',
    description: 'Ends a background command, and gives the rest of what it printed.',
    inputSchema: schemaOf(StopInput),
    effect: 'idempotent',
  },
  {
    name: API_RUNNERS.bash,
    ...{ isHidden: true, description: '', inputSchema: {}, effect: 'at_most_once' },
  },
];
