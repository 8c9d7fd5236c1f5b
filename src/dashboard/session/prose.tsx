/** Text of a message, as it was written or as its writer meant it. Nothing of it is ever markup. */
import { addressWith, route } from '../ground/route.ts';
import { partsOf } from './fences.ts';
import type { Inline } from './inline.ts';
import { type Block, blocksIn } from './markdown.ts';
import type { Table } from './table.ts';

export const Prose = ({ text }: { readonly text: string }) => (
  <div class="prose">
    {partsOf(text).map((part, at) =>
      part.isCode ? <Code key={at} text={part.text} /> : <p key={at}>{part.text}</p>,
    )}
  </div>
);

/** The address says whether texts are shown as they were written. */
const isRaw = (): boolean => route.value.query.get('raw') === '1';

export const RawSwitch = () => (
  <a class="raw" href={addressWith({ raw: isRaw() ? undefined : '1' })}>
    {isRaw() ? 'Show texts formatted' : 'Show texts as they were written'}
  </a>
);

/** What an assistant says. */
export const Formatted = ({ text }: { readonly text: string }) =>
  isRaw() ? (
    <Prose text={text} />
  ) : (
    <div class="prose formatted">
      {blocksIn(text).map((block, at) => (
        <Shown key={at} block={block} />
      ))}
    </div>
  );

const Code = ({ text }: { readonly text: string }) => (
  <pre class="code" tabIndex={0}>
    {text}
  </pre>
);

const Shown = ({ block }: { readonly block: Block }) => {
  switch (block.kind) {
    case 'code':
      return <Code text={block.text} />;
    case 'rule':
      return <hr />;
    case 'heading': // of the text: the page has headings of its own
      return (
        <p class={`heading level-${block.level}`}>
          <Parts of={block.parts} />
        </p>
      );
    case 'table':
      return <Grid of={block} />;
    case 'quote':
      return (
        <blockquote>
          <p>
            <Parts of={block.parts} />
          </p>
        </blockquote>
      );
    case 'paragraph':
      return (
        <p>
          <Parts of={block.parts} />
        </p>
      );
    case 'list':
      return (
        <ul>
          {block.items.map(({ depth, mark, parts }, at) => (
            <li key={at} style={{ marginLeft: `${depth * 1.4}rem` }}>
              <span class="mark">{mark}</span>
              <span>
                <Parts of={parts} />
              </span>
            </li>
          ))}
        </ul>
      );
  }
};

const Grid = ({ of: { names, rows, sides } }: { readonly of: Table }) => (
  <div class="grid" tabIndex={0}>
    <table>
      <thead>
        <tr>
          {names.map((parts, at) => (
            <th key={at} scope="col" class={sides[at]}>
              <Parts of={parts} />
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((cells, row) => (
          <tr key={row}>
            {cells.map((parts, at) => (
              <td key={at} class={sides[at]}>
                <Parts of={parts} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

const Parts = ({ of }: { readonly of: readonly Inline[] }) => (
  <>
    {of.map((part, at) => (
      <Part key={at} of={part} />
    ))}
  </>
);

const Part = ({ of }: { readonly of: Inline }) => {
  switch (of.kind) {
    case 'text':
      return <>{of.text}</>;
    case 'code':
      return <code>{of.text}</code>;
    case 'strong':
      return (
        <strong>
          <Parts of={of.parts} />
        </strong>
      );
    case 'em':
      return (
        <em>
          <Parts of={of.parts} />
        </em>
      );
  }
};
