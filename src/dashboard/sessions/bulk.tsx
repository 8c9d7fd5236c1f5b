/** Changes of many sessions: of those that are selected, or of all that the query finds. */
import { useEffect, useState } from 'preact/hooks';
import { askSession, askSessions } from '../ground/ask.ts';
import { attempt, say } from '../ground/notice.ts';
import { count, tagsOf } from '../ground/words.ts';
import { AskText, Sure } from '../parts/dialog.tsx';

interface BulkProps {
  readonly q: string;
  readonly selected: ReadonlySet<string>;
  /** That the query finds. */
  readonly total: number | undefined;
  onDone(): void;
  onNone(): void;
}

type Asking = 'tag' | 'untag' | 'delete';

export const Bulk = ({ q, selected, total = 0, onDone, onNone }: BulkProps) => {
  const [wantsAll, setAll] = useState(false);
  const [asking, setAsking] = useState<Asking>();
  const isNone = selected.size === 0;
  useEffect(() => {
    if (isNone) setAll(false); // the next selection is one of its own
  }, [isNone]);
  if (isNone) return null;
  // Where it is not offered any more it is not meant either: what is named is the selection.
  const isAll = wantsAll && total > selected.size;
  const size = isAll ? total : selected.size;
  const close = () => setAsking(undefined);
  const tag = (verb: 'tag' | 'untag', text: string) => {
    const tags = tagsOf(text);
    if (tags.length === 0) return;
    const work = isAll
      ? () => askSessions('retag', { q, ...(verb === 'tag' ? { add: tags } : { remove: tags }) })
      : () => each(selected, (id) => askSession(id, verb, { tags }));
    void attempt(`${count(size)} changed`, work).then(onDone);
  };
  const remove = () => {
    const work = isAll
      ? () => askSessions('cleanup', { q, maxAgeDays: 0 })
      : () => each(selected, (id) => askSession(id, 'delete', {}));
    void attempt(`${count(size)} deleted`, work).then(onDone);
  };
  return (
    <div class="bulk" role="region" aria-label="What is selected">
      <strong>{count(size)} selected</strong>
      {total > selected.size ? (
        <label>
          <input type="checkbox" checked={isAll} onChange={() => setAll(!wantsAll)} /> all{' '}
          {count(total)} that match
        </label>
      ) : null}
      <button type="button" onClick={() => setAsking('tag')}>
        Tag…
      </button>
      <button type="button" onClick={() => setAsking('untag')}>
        Untag…
      </button>
      <button type="button" class="danger" onClick={() => setAsking('delete')}>
        Delete…
      </button>
      <button type="button" class="plain" onClick={onNone}>
        None
      </button>
      {asking === 'tag' || asking === 'untag' ? (
        <AskText
          title={
            asking === 'tag'
              ? `Tag ${count(size)} sessions`
              : `Take tags from ${count(size)} sessions`
          }
          label="Tags, with commas between them"
          button={asking === 'tag' ? 'Tag' : 'Untag'}
          onClose={close}
          onText={(text) => tag(asking, text)}
        />
      ) : null}
      {asking === 'delete' ? (
        <Sure
          title={`Delete ${count(size)} sessions?`}
          button={`Delete ${count(size)}`}
          onClose={close}
          onYes={remove}
        >
          <p>
            Their transcripts go for good. Sessions with the tag <code>hold</code>, with a turn that
            is not over, or that wait for a person stay.
          </p>
        </Sure>
      ) : null}
    </div>
  );
};

/** Of the selected ones, a few at a time. Says how many were refused; throws if all were. */
const each = async (
  ids: ReadonlySet<string>,
  work: (id: string) => Promise<unknown>,
): Promise<void> => {
  const waiting = [...ids];
  const refused: unknown[] = [];
  const run = async () => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop())
      await work(id).catch((error: unknown) => refused.push(error));
  };
  await Promise.all([run(), run(), run(), run()]);
  if (refused.length === ids.size) throw refused[0];
  if (refused.length > 0) say(`${refused.length} were refused: ${String(refused[0])}`, true);
};
