/** A schema as a list of its fields. What it refers to is opened on asking, because types may hold themselves. */
import { useState } from 'preact/hooks';
import { type Document, kindOf, limitsOf, referred, type Schema } from './operations.ts';

interface Shown {
  readonly document: Document;
  readonly schema: Schema;
}

export const Fields = ({ document, schema }: Shown) => {
  const target = schema.$ref === undefined ? schema : referred(document, schema.$ref);
  if (target === undefined) return <p class="second">{kindOf(schema, document)}</p>;
  const { properties, allOf, anyOf, oneOf, items, additionalProperties } = target;
  const parts = [...(allOf ?? []), ...(anyOf ?? []), ...(oneOf ?? [])];
  if (properties !== undefined)
    return (
      <ul class="fields">
        {Object.entries(properties).map(([name, field]) => (
          <Field
            key={name}
            document={document}
            name={name}
            schema={field}
            isRequired={target.required?.includes(name) === true}
          />
        ))}
        {typeof additionalProperties === 'object' ? (
          <Field
            document={document}
            name="any other"
            schema={additionalProperties}
            isRequired={false}
          />
        ) : null}
      </ul>
    );
  if (parts.length > 0)
    return (
      <ul class="fields">
        {parts.map((part, at) => (
          <Field key={at} document={document} name="" schema={part} isRequired={false} />
        ))}
      </ul>
    );
  if (items !== undefined) return <Fields document={document} schema={items} />;
  if (typeof additionalProperties === 'object')
    return <Fields document={document} schema={additionalProperties} />;
  return (
    <p class="second">
      {kindOf(target, document)} {limitsOf(target)}
    </p>
  );
};

const Field = (props: Shown & { readonly name: string; readonly isRequired: boolean }) => {
  const { document, name, schema, isRequired } = props;
  const [isOpen, setOpen] = useState(false);
  const about = (
    <>
      {name === '' ? null : <strong>{name}</strong>} <code>{kindOf(schema, document)}</code>{' '}
      {isRequired ? null : <span class="second">{name === '' ? '' : 'optional'}</span>}{' '}
      <span class="second">{limitsOf(schema)}</span>
      {schema.description === undefined ? null : <p class="second">{schema.description}</p>}
    </>
  );
  if (!hasParts(schema)) return <li>{about}</li>;
  return (
    <li>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{about}</summary>
        {isOpen ? <Fields document={document} schema={schema} /> : null}
      </details>
    </li>
  );
};

const hasParts = ({
  $ref,
  properties,
  items,
  anyOf,
  oneOf,
  allOf,
  additionalProperties,
}: Schema): boolean =>
  $ref !== undefined ||
  properties !== undefined ||
  typeof additionalProperties === 'object' ||
  [...(anyOf ?? []), ...(oneOf ?? []), ...(allOf ?? []), ...(items ? [items] : [])].some(hasParts);
