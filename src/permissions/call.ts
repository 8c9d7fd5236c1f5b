/** What a tool call would touch, read from its input: a command line, a file, an address, an agent. */
import { hostOfAddress } from './domain-pattern.ts';
import { ALIASES, EDITING_TOOLS, READING_TOOLS } from './tools.ts';

export interface ToolCall {
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export type Touched =
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'file'; readonly access: 'read' | 'edit'; readonly path: string }
  | { readonly kind: 'address'; readonly host: string }
  | { readonly kind: 'agent'; readonly name: string }
  | { readonly kind: 'other' }
  /** The input has not what the tool needs. */
  | { readonly kind: 'malformed'; readonly why: string };

/** A tool by the name that rules have for it. */
export const toolNamed = (name: string): string =>
  Object.hasOwn(ALIASES, name) ? (ALIASES[name] ?? name) : name;

export const touchedBy = ({ tool, input }: ToolCall): Touched => {
  const name = toolNamed(tool);
  if (name === 'Bash') return ofBash(input);
  if (name === 'str_replace_based_edit_tool')
    return file(input['command'] === 'view' ? 'read' : 'edit', input['path'], undefined);
  if (name === 'Glob') return file('read', globFolder(input), '.');
  if (READING_TOOLS.has(name))
    return file('read', input['file_path'] ?? input['path'], name === 'Read' ? undefined : '.');
  if (EDITING_TOOLS.has(name))
    return file('edit', input['file_path'] ?? input['notebook_path'], undefined);
  if (name === 'WebFetch') return ofWebFetch(input['url']);
  if (name === 'AskUserQuestion' && input['answers'] !== undefined)
    return malformed('its answers come from a person, not from the model: leave `answers` out');
  if (name === 'Agent')
    return { kind: 'agent', name: text(input['subagent_type']) ?? 'general-purpose' };
  return { kind: 'other' };
};

/** A pattern may begin with folders of its own, such as `/etc/` or `../`. */
const globFolder = (input: ToolCall['input']): string => {
  const [lead = ''] = /^[^*?[{]*(?=\/|$)/.exec(text(input['pattern']) ?? '') ?? [];
  const folder = text(input['path']) ?? '.';
  if (lead.startsWith('/') || (text(input['pattern']) ?? '').startsWith('/')) return lead || '/';
  return lead === '' ? folder : `${folder}/${lead}`;
};

const text = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

const malformed = (why: string): Touched => ({ kind: 'malformed', why });

const ofBash = (input: ToolCall['input']): Touched => {
  const command = text(input['command']);
  // The API's own tool may ask for a new shell instead.
  if (command === undefined && input['restart'] === true) return { kind: 'other' };
  return command === undefined ? malformed('it has no command') : { kind: 'command', command };
};

const file = (access: 'read' | 'edit', value: unknown, otherwise: string | undefined): Touched => {
  const path = value === undefined ? otherwise : text(value);
  return path === undefined || path === ''
    ? malformed('it names no file')
    : { kind: 'file', access, path };
};

const ofWebFetch = (url: unknown): Touched => {
  const host = hostOfAddress(text(url) ?? '');
  return host === undefined
    ? malformed('its url is no address of the web')
    : { kind: 'address', host };
};
