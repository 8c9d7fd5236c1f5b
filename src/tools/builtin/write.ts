/** `Write`: a file with exactly this content. Made again it changes nothing, so it is idempotent. */
import { z } from 'zod';
import { changeFile, MAX_CHANGED_BYTES } from '../files/new-content.ts';
import { pathOf } from '../files/place.ts';
import { said } from '../tool/outcome.ts';
import { Refusal } from '../tool/refusal.ts';
import { builtinTool } from '../tool/tool.ts';

const Input = z.strictObject({
  file_path: z
    .string()
    .min(1)
    .describe('The file: an absolute path, or one from the working folder'),
  content: z.string().describe('All that the file is to hold, in UTF-8'),
});

export const Write = builtinTool({
  name: 'Write',
  description:
    'Writes a file whole, and makes the folders above it. A file that exists must have been read in this session before, and not have changed since. Use Edit to change a part of a file.',
  effect: 'idempotent',
  isAlone: true, // a second change of one file needs to know of the first
  input: Input,
  work: async ({ file_path, content }, job, signal) => {
    const bytes = Buffer.from(content);
    if (bytes.length > MAX_CHANGED_BYTES)
      throw new Refusal(`The content has more than ${MAX_CHANGED_BYTES} bytes.`);
    const { path, isNew, memory } = await changeFile(
      pathOf(file_path, job),
      job,
      (current) => ({ bytes: current?.bytes.equals(bytes) ? undefined : bytes, told: undefined }),
      signal,
    );
    return said(`${isNew ? 'Made' : 'Wrote'} ${path} (${countOf(content)}).`, memory);
  },
});

const countOf = (content: string): string => {
  const lines = content === '' ? 0 : content.replace(/\n$/, '').split('\n').length;
  return lines === 1 ? '1 line' : `${lines} lines`;
};
