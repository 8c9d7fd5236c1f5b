/** What a tool is asked to do, as people read it: changes of files as changes, commands as commands. */
import { Diff } from './diff.tsx';
import { Json } from './json.tsx';

type Fields = Readonly<Record<string, unknown>>;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export const Input = ({ name, input }: { readonly name: string; readonly input: unknown }) => {
  const fields = (typeof input === 'object' && input !== null ? input : {}) as Fields;
  if (name === 'Edit')
    return <Diff before={text(fields['old_string'])} after={text(fields['new_string'])} />;
  if (name === 'Write') return <Diff before="" after={text(fields['content'])} />;
  if (name === 'Bash') return <pre>{text(fields['command'])}</pre>;
  return <Json of={input} />;
};
