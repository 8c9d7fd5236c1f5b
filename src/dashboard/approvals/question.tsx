/** What a tool that runs asks a person, as a form. */
import type { Answer } from './answer.ts';

/** A form of text fields for what a tool asks: of its schema, what is not text stays JSON. */
export const Question = (props: {
  readonly message: string;
  readonly form: Readonly<Record<string, unknown>>;
  readonly onAnswer: (answer: Answer) => void;
}) => {
  const { message, form, onAnswer } = props;
  const fields = Object.entries(
    (form['properties'] ?? {}) as Record<string, Record<string, unknown>>,
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const input = Object.fromEntries(
      fields.map(([name, { type }]) => [name, asTyped(String(data.get(name) ?? ''), type)]),
    );
    onAnswer({ decision: 'allow', input });
  };
  return (
    <form onSubmit={submit}>
      <p>{message}</p>
      {fields.map(([name, { title, description, enum: values }]) => (
        <label key={name} for={`field-${name}`}>
          {String(title ?? name)}
          {description === undefined ? null : <small>{String(description)}</small>}
          {Array.isArray(values) ? (
            <select id={`field-${name}`} name={name}>
              {values.map((value) => (
                <option key={String(value)}>{String(value)}</option>
              ))}
            </select>
          ) : (
            <input id={`field-${name}`} name={name} />
          )}
        </label>
      ))}
      <footer>
        <button type="submit" class="main">
          Answer
        </button>
        <button type="button" onClick={() => onAnswer({ decision: 'deny' })}>
          Decline
        </button>
      </footer>
    </form>
  );
};

const asTyped = (text: string, type: unknown): unknown => {
  if (type === 'boolean') return text === 'true' || text === 'on';
  if (type === 'number' || type === 'integer') return Number(text);
  if (type === 'string' || type === undefined) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};
