/** What each known kind of attachment says, in the order of the table in `docs/guide/claude-code.md`. */
import { at, each, type Fields, listOf, type Part, under, wordsOf } from './attachment-fields.ts';
import { type RawBlock, text } from './raw-line.ts';

const nameOf = ({ filename, displayPath, path }: Fields): string =>
  wordsOf(filename) || wordsOf(displayPath) || wordsOf(path) || 'a file';

const file = (fields: Fields): readonly Part[] => {
  const content = at(fields.content);
  const inner = at(content.file);
  const name = nameOf(fields);
  const cut = fields.truncated === true ? ' (its beginning only, for it is long)' : '';
  const data = text(inner.base64);
  if (content.type === 'image' && data !== undefined)
    return [`The image ${name} was read:`, image(data, text(inner.type))];
  if (content.type === 'pdf' && data !== undefined)
    return [`The document ${name} was read:`, document(data)];
  const words = wordsOf(inner.content) || wordsOf(fields.content) || json(inner.cells);
  return under(`The file ${name} was read${cut}:`, words);
};

interface Media extends RawBlock {
  readonly source: object;
}

const image = (data: string, mediaType = 'image/png'): Media => ({
  type: 'image',
  source: { type: 'base64', media_type: mediaType, data },
});

const document = (data: string): Media => ({
  type: 'document',
  source: { type: 'base64', media_type: 'application/pdf', data },
});

const json = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value));

const memory = (item: Fields): string => {
  const content = at(item.content);
  const path = wordsOf(content.path) || wordsOf(item.path) || wordsOf(item.fullPath);
  const words = wordsOf(content.content) || wordsOf(item.content);
  return words === '' ? '' : `Contents of ${path}:\n\n${words}`;
};

const diagnostic = (of: string) => (found: Fields) => {
  const { line } = at(at(found.range).start);
  const where = typeof line === 'number' ? `${of}, line ${line + 1}` : of;
  return `${where}: ${wordsOf(found.severity)}: ${wordsOf(found.message)}`;
};

const todos = (fields: Fields): readonly Part[] =>
  under(
    'The list of tasks, as it stood then:',
    each(fields.content, (item) => {
      const words = wordsOf(item.subject) || wordsOf(item.content);
      return `[${wordsOf(item.status)}] ${words}`;
    }),
  );

const hook = ({ hookName }: Fields): string => `The hook ${wordsOf(hookName)}`;

/** Added and removed names, each with its line where there is one. */
const delta = (what: string, added: unknown, removed: unknown): readonly Part[] => [
  ...under(`${what} that were at hand from then on:`, wordsOf(added)),
  ...under(`${what} that were gone from then on:`, wordsOf(removed)),
];

const orElse = (first: unknown, second: unknown): unknown =>
  listOf(first).length > 0 ? first : second;

export const SHOWN: ReadonlyMap<string, (fields: Fields) => readonly Part[]> = new Map<
  string,
  (fields: Fields) => readonly Part[]
>([
  ['file', file],
  ['directory', (f) => under(`The directory ${nameOf(f)} was listed:`, wordsOf(f.content))],
  [
    'edited_text_file',
    (f) => under(`The file ${nameOf(f)} was changed meanwhile, on purpose:`, wordsOf(f.snippet)),
  ],
  [
    'compact_file_reference',
    (f) => [`The file ${nameOf(f)} was read before the summary; its content is not repeated here.`],
  ],
  [
    'pdf_reference',
    (f) => [
      `The document ${nameOf(f)} (${wordsOf(f.pageCount) || '?'} pages) was named, not read.`,
    ],
  ],
  [
    'plan_file_reference',
    (f) => under(`The plan in ${wordsOf(f.planFilePath)}:`, wordsOf(f.planContent)),
  ],
  [
    'selected_lines_in_ide',
    (f) =>
      under(
        `In the editor, lines ${wordsOf(f.lineStart)} to ${wordsOf(f.lineEnd)} of ${nameOf(f)} were selected:`,
        wordsOf(f.content),
      ),
  ],
  ['opened_file_in_ide', (f) => [`In the editor, the file ${nameOf(f)} was opened.`]],
  [
    'diagnostics',
    (f) =>
      under(
        'New diagnostics:',
        each(f.files, ({ uri, diagnostics }) => each(diagnostics, diagnostic(wordsOf(uri)))),
      ),
  ],
  ['nested_memory', (f) => [memory(f)]],
  ['relevant_memories', (f) => [each(f.memories, memory)]],
  ['memory', (f) => [each(f.memories, memory)]],
  [
    'mcp_resource',
    (f) =>
      under(
        `The resource ${wordsOf(f.uri)} of ${wordsOf(f.server)}:`,
        each(at(f.content).contents, (part) => wordsOf(part.text)),
      ),
  ],
  [
    'invoked_skills',
    (f) =>
      under(
        'Skills that were invoked in this session:',
        each(f.skills, (skill) => `## ${wordsOf(skill.name)}\n\n${wordsOf(skill.content)}`),
      ),
  ],
  ['skill_listing', (f) => under('Skills that were at hand:', wordsOf(f.content))],
  [
    'agent_listing_delta',
    (f) => delta('Agents', orElse(f.addedLines, f.addedTypes), f.removedTypes),
  ],
  [
    'deferred_tools_delta',
    (f) => delta('Tools', orElse(f.addedLines, f.addedNames), f.removedNames),
  ],
  [
    'mcp_instructions_delta',
    (f) => delta('Instructions of MCP servers', f.addedBlocks, f.removedNames),
  ],
  ['agent_mention', (f) => [`The user named the agent ${wordsOf(f.agentType)}, to be called.`]],
  ['todo', todos],
  ['todo_reminder', todos],
  ['task_reminder', todos],
  [
    'task_status',
    (f) => [
      `The background task ${wordsOf(f.taskId)} (${wordsOf(f.description)}) is ${wordsOf(f.status)}. ${wordsOf(f.deltaSummary)}`,
    ],
  ],
  ['date_change', (f) => under('The date from then on:', wordsOf(f.newDate))],
  [
    'goal_status',
    (f) => under(`The goal, ${f.met === true ? 'met' : 'not met yet'}:`, wordsOf(f.condition)),
  ],
  ['total_tokens_reminder', (f) => [wordsOf(f.text)]],
  ['token_usage', (f) => [`Tokens used: ${wordsOf(f.used)} of ${wordsOf(f.total)}.`]],
  ['budget_usd', (f) => [`Dollars spent: ${wordsOf(f.used)} of ${wordsOf(f.total)}.`]],
  ['hook_additional_context', (f) => under(`${hook(f)} added:`, wordsOf(f.content))],
  [
    'hook_success',
    (f) =>
      f.hookEvent === 'SessionStart' || f.hookEvent === 'UserPromptSubmit'
        ? under(`${hook(f)} said:`, wordsOf(f.content))
        : [],
  ],
  [
    'hook_blocking_error',
    (f) => under(`${hook(f)} refused:`, wordsOf(at(f.blockingError).blockingError)),
  ],
  ['hook_stopped_continuation', (f) => under(`${hook(f)} stopped the work:`, wordsOf(f.message))],
  [
    'async_hook_response',
    (f) => {
      const { systemMessage, hookSpecificOutput } = at(f.response);
      const { additionalContext } = at(hookSpecificOutput);
      return [
        ...under(`${hook(f)} said:`, wordsOf(systemMessage)),
        ...under(`${hook(f)} added:`, wordsOf(additionalContext)),
      ];
    },
  ],
  [
    'teammate_mailbox',
    (f) => [each(f.messages, (mail) => `From ${wordsOf(mail.from)}:\n${wordsOf(mail.text)}`)],
  ],
]);
