/** A tool call, folded: what it does in a line, and all of it on asking. */
import { Input } from '../parts/tool-input.tsx';

type Fields = Readonly<Record<string, unknown>>;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The field that says most of a call, by the tool's name. */
const TELLING: Readonly<Record<string, string>> = {
  Bash: 'command',
  Read: 'file_path',
  Write: 'file_path',
  Edit: 'file_path',
  MultiEdit: 'file_path',
  Glob: 'pattern',
  Grep: 'pattern',
  WebFetch: 'url',
  WebSearch: 'query',
  Agent: 'description',
  Task: 'description',
};

export const briefOf = (name: string, input: unknown): string => {
  const fields = (typeof input === 'object' && input !== null ? input : {}) as Fields;
  const told = text(fields[TELLING[name] ?? '']);
  const said = told === '' ? (JSON.stringify(input) ?? '') : told;
  return said.replaceAll(/\s+/g, ' ').slice(0, 160);
};

export const ToolUse = ({ name, input }: { readonly name: string; readonly input: unknown }) => (
  <details class="tool-use">
    <summary>
      <strong>{name}</strong> <code class="brief">{briefOf(name, input)}</code>
    </summary>
    <Input name={name} input={input} />
  </details>
);
