/** One entry of a transcript. What it says is hostile: it becomes text, never markup. */

import type { EntryView } from '../ground/replies.ts';
import { addressWith } from '../ground/route.ts';
import { money } from '../ground/words.ts';
import { Ago } from '../parts/moment.tsx';
import { fork } from './actions.tsx';
import { Block } from './blocks.tsx';
import { type Line, shownLine } from './imported.ts';

export const Entry = (props: {
  readonly entry: EntryView;
  readonly sessionId: string;
  readonly isMarked: boolean;
}) => {
  const { entry, sessionId, isMarked } = props;
  const line = shownLine(entry);
  return (
    <article id={`seq-${entry.seq}`} class={`entry ${line.who} ${isMarked ? 'marked' : ''}`}>
      <header>
        <strong>{line.says}</strong>
        <a href={addressWith({ at: String(entry.seq) })} class="seq">
          {entry.seq}
        </a>
        <Ago at={entry.at} />
        {line.cost === undefined ? null : <span class="cost">{money(line.cost)}</span>}
        {line.who === 'view' ? null : (
          <button
            type="button"
            class="plain fork"
            aria-label={`Fork at ${entry.seq}`}
            title="A session that begins with all up to here"
            onClick={() => void fork(sessionId, entry.seq)}
          >
            fork here
          </button>
        )}
      </header>
      <Content line={line} />
    </article>
  );
};

const Content = ({ line }: { readonly line: Line }) =>
  line.isFolded ? (
    <details class="folded">
      <summary>{line.brief}</summary>
      <Blocks line={line} />
    </details>
  ) : (
    <Blocks line={line} />
  );

const Blocks = ({ line: { blocks, who } }: { readonly line: Line }) => (
  <>
    {blocks.map((block, at) => (
      <Block key={at} block={block} isModels={who === 'assistant' || who === 'view'} />
    ))}
  </>
);
