/** The blocks of a message: prose, thinking, images, tool calls and their results. */
import { Json, Text } from '../parts/json.tsx';
import type { ShownBlock } from './imported.ts';
import { Formatted, Prose } from './prose.tsx';
import { ToolUse } from './tool-use.tsx';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** @param isModels a model wrote it: its text is formatted. */
export const Block = ({
  block,
  isModels = false,
}: {
  readonly block: ShownBlock;
  readonly isModels?: boolean;
}) => {
  switch (block.type) {
    case 'text':
      return isModels ? (
        <Formatted text={text(block['text'])} />
      ) : (
        <Prose text={text(block['text'])} />
      );
    case 'thinking':
      return (
        <details class="thinking">
          <summary>thought about it</summary>
          <Text of={text(block['thinking'])} />
        </details>
      );
    case 'redacted_thinking':
      return <p class="second">thought about it, which is not shown</p>;
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use':
      return <ToolUse name={text(block['name'])} input={block['input']} />;
    case 'image':
      return <Image source={block['source']} />;
    case 'document':
      return <p class="second">a document: {text(block['title']) || 'without a title'}</p>;
    case 'json':
      return <Json of={block['value']} />;
    default:
      return block.type.endsWith('tool_result') ? <Result block={block} /> : <Json of={block} />;
  }
};

/** What a browser shows as a picture and never as a page: so no SVG. */
const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

const Image = ({ source }: { readonly source: unknown }) => {
  const { type, media_type: mediaType, data } = (source ?? {}) as Readonly<Record<string, unknown>>;
  const isPicture = type === 'base64' && PICTURES.includes(text(mediaType));
  if (!isPicture || !/^[A-Za-z0-9+/=\s]*$/.test(text(data)))
    return <p class="second">a picture that is not shown here</p>;
  return (
    <img
      class="picture"
      loading="lazy"
      alt="from the transcript"
      src={`data:${text(mediaType)};base64,${text(data)}`}
    />
  );
};

const Result = ({ block }: { readonly block: ShownBlock }) => {
  const { content } = block;
  const isError = block['is_error'] === true;
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  return (
    <details class={`result ${isError ? 'bad' : ''}`} open={isError}>
      <summary>
        {isError ? 'failed: ' : 'result: '}
        <span class="brief">{briefOf(parts)}</span>
      </summary>
      {Array.isArray(parts) ? (
        parts.map((part: ShownBlock, at) =>
          part.type === 'text' ? (
            <Text key={at} of={text(part['text'])} />
          ) : (
            <Block key={at} block={part} />
          ),
        )
      ) : (
        <Json of={content} />
      )}
    </details>
  );
};

const briefOf = (parts: unknown): string => {
  if (!Array.isArray(parts)) return '';
  const [first] = parts as readonly Readonly<Record<string, unknown>>[];
  const said = text(first?.['text']) || text(first?.['type']);
  return said.trim().replaceAll(/\s+/g, ' ').slice(0, 140);
};
