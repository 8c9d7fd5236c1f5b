/** What the API's own tools take, and the same as an input of ours; paths stay as they are. Pure. */
import { z } from 'zod';

/** Of our tools. */
export type Input = Readonly<Record<string, unknown>>;

/** A sentence where it does not fit. */
export const apiInput = (name: keyof typeof INPUTS, input: unknown): Input | string => {
  const parsed = INPUTS[name].safeParse(input);
  return parsed.success ? inputOf(parsed.data as ApiInput) : faultIn(name, parsed.error);
};

const line = z.int().min(0).max(1e9);
const range = z.tuple([line.min(1), z.int().min(-1).max(1e9)]);
const path = z
  .string()
  .min(1)
  .refine((text) => !text.includes('\0'), 'no NUL character');

const Edits = [
  z.object({ command: z.literal('view'), path, view_range: range.nullish() }),
  z.object({ command: z.literal('create'), path, file_text: z.string() }),
  z.object({
    ...{ command: z.literal('str_replace'), path, old_str: z.string().min(1) },
    new_str: z.string().default(''),
  }),
  z.object({ command: z.literal('insert'), path, insert_line: line, insert_text: z.string() }),
] as const;
const Moves = [
  z.object({ command: z.literal('delete'), path }),
  z.object({ command: z.literal('rename'), old_path: path, new_path: path }),
] as const;
const BashInput = z.union([
  z.object({ command: z.string().min(1) }),
  z.object({ restart: z.literal(true) }),
]);
const EditInput = z.discriminatedUnion('command', Edits);
const MemoryInput = z.discriminatedUnion('command', [...Edits, ...Moves]);

const INPUTS = {
  bash: BashInput,
  str_replace_based_edit_tool: EditInput,
  memory: MemoryInput,
} as const;

type ApiInput = z.output<typeof BashInput> | z.output<typeof MemoryInput>;
type Asked = z.output<typeof MemoryInput>;

const isOfFiles = (input: ApiInput): input is Asked => 'path' in input || 'old_path' in input;

const inputOf = (input: ApiInput): Input => {
  if (!isOfFiles(input)) return input;
  switch (input.command) {
    case 'view':
      return { file_path: input.path, ...linesOf(input.view_range) };
    case 'create':
      return { file_path: input.path, content: input.file_text };
    case 'str_replace':
      return { file_path: input.path, old_string: input.old_str, new_string: input.new_str };
    case 'insert':
      return {
        ...{ file_path: input.path, insert_line: input.insert_line },
        insert_text: input.insert_text,
      };
    case 'delete':
      return { file_path: input.path, is_deleted: true };
    case 'rename':
      return { file_path: input.old_path, new_path: input.new_path };
  }
};

const linesOf = (lines: readonly [number, number] | null | undefined): Input => {
  if (lines === null || lines === undefined) return {};
  const [from, to] = lines;
  return { offset: from, ...(to === -1 ? {} : { limit: Math.max(1, to - from + 1) }) };
};

const faultIn = (name: string, { issues: [first] }: z.ZodError): string => {
  const at = first?.path.join('.') ?? '';
  return `${name}: ${at === '' ? '' : `${at}: `}${first?.message ?? 'the input does not fit'}`;
};
