/** What the running turn says, word by word, and which of its tools run. */
import { now } from '../ground/time.ts';
import { span } from '../ground/words.ts';
import type { Conversation } from './conversation.ts';
import { Formatted } from './prose.tsx';

export const LiveTurn = ({ conversation }: { readonly conversation: Conversation }) => {
  const live = conversation.live.value;
  if (live === undefined) return null;
  const { blocks, tools, note } = live;
  const isSilent = blocks.length === 0 && tools.length === 0;
  return (
    <section class="entry assistant live" aria-label="What is being said" aria-busy="true">
      {blocks.map((block, at) =>
        block.kind === 'text' ? (
          <Formatted key={at} text={block.text} />
        ) : (
          <details key={at} class={block.kind} open={block.kind === 'input'}>
            <summary>{block.kind === 'thinking' ? 'thinking…' : 'asks for a tool…'}</summary>
            <pre>{block.text}</pre>
          </details>
        ),
      )}
      {tools.map(({ toolUseId, name, sinceMs }) => (
        <p key={toolUseId} class="running">
          <strong>{name}</strong> runs, since {span(Math.max(0, now.value - sinceMs))}
        </p>
      ))}
      {note === undefined ? null : <p class="second">{note}</p>}
      {isSilent ? <p class="running">at work…</p> : null}
    </section>
  );
};
