/** One operation: what it does, who may, what it takes, what it answers. */
import {
  asCurl,
  type Document,
  kindOf,
  limitsOf,
  type Operation,
  type Parameter,
} from './operations.ts';
import { Fields } from './schema.tsx';

export const Shown = ({
  document,
  operation,
}: {
  readonly document: Document;
  readonly operation: Operation;
}) => {
  const {
    method,
    path,
    summary,
    description,
    parameters = [],
    requestBody,
    responses = {},
  } = operation;
  return (
    <article aria-label={`${method} ${path}`}>
      <h2 class="address">
        <span class="method">{method}</span> {path}
      </h2>
      <p>{summary}</p>
      {description === undefined ? null : <p>{description}</p>}
      {operation['x-scope'] === undefined ? null : (
        <p class="second">
          The token needs the scope <code>{operation['x-scope']}</code>.
        </p>
      )}
      {parameters.length === 0 ? null : (
        <>
          <h3>Parameters</h3>
          <ul class="fields">
            {parameters.map((parameter) => (
              <Given key={`${parameter.in} ${parameter.name}`} parameter={parameter} />
            ))}
          </ul>
        </>
      )}
      {Object.entries(requestBody?.content ?? {}).map(([type, { schema, example }]) => (
        <section key={type}>
          <h3>Body</h3>
          <p class="second">{type}</p>
          {schema === undefined ? null : <Fields document={document} schema={schema} />}
          {example === undefined ? null : (
            <pre tabIndex={0}>{JSON.stringify(example, null, 2)}</pre>
          )}
        </section>
      ))}
      <h3>Answers</h3>
      {Object.entries(responses).map(([status, response]) => (
        <section key={status}>
          <p>
            <strong>{status === 'default' ? 'else' : status}</strong> {response.description}
          </p>
          {Object.entries(response.content ?? {}).map(([type, { schema, example }]) => (
            <details key={type}>
              <summary>{type}</summary>
              {schema === undefined ? null : <Fields document={document} schema={schema} />}
              {example === undefined ? null : (
                <pre tabIndex={0}>{JSON.stringify(example, null, 2)}</pre>
              )}
            </details>
          ))}
        </section>
      ))}
      <h3>At a command line</h3>
      <pre tabIndex={0}>{asCurl(operation, location.origin)}</pre>
    </article>
  );
};

const Given = ({ parameter }: { readonly parameter: Parameter }) => {
  const schema = parameter.schema ?? Object.values(parameter.content ?? {})[0]?.schema ?? {};
  return (
    <li>
      <strong>{parameter.name}</strong> <code>{kindOf(schema)}</code>{' '}
      <span class="second">
        {parameter.in}
        {parameter.required === true ? '' : ', optional'} {limitsOf(schema)}
      </span>
      {parameter.description === undefined ? null : <p class="second">{parameter.description}</p>}
    </li>
  );
};
