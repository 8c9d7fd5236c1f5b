/** What may be done with a session: fork, compact, tag, rename, hold, end, delete, and asking why it stands still. */
import { useState } from 'preact/hooks';
import { askSession } from '../ground/ask.ts';
import { useKeys } from '../ground/keyboard.ts';
import { attempt } from '../ground/notice.ts';
import type { ArchiveView, SessionReplies, SessionView } from '../ground/replies.ts';
import { addressOf, go } from '../ground/route.ts';
import { now, useAsked } from '../ground/time.ts';
import { tagsOf, until } from '../ground/words.ts';
import { AskText, Dialog, Sure } from '../parts/dialog.tsx';
import { Json } from '../parts/json.tsx';
import type { Conversation } from './conversation.ts';

/** A tag with a comma in it cannot be typed among others: it stays as it is. */
const isTyped = (tag: string): boolean => !tag.includes(',');

/** It takes no turn. */
export const hasEnded = ({ status }: Pick<SessionView, 'status'>): boolean =>
  ['completed', 'terminated', 'failed', 'archived'].includes(status);

type Asking = 'rename' | 'tag' | 'delete' | 'why';

export const fork = async (sessionId: string, atSeq?: number): Promise<void> => {
  const newSessionId = crypto.randomUUID();
  const place = atSeq === undefined ? {} : { atSeq };
  const isForked = await attempt('forked', () =>
    askSession(sessionId, 'fork', { newSessionId, ...place }),
  );
  if (isForked) go(addressOf(['sessions', newSessionId]));
};

export const Actions = (props: {
  readonly conversation: Conversation;
  readonly session: SessionView;
  /** It was begun. */
  readonly onArchive: (archive: ArchiveView) => void;
}) => {
  const { conversation, session, onArchive } = props;
  const { sessionId, tags, status } = session;
  const [asking, setAsking] = useState<Asking>();
  const close = () => setAsking(undefined);
  const run = (done: string, work: () => Promise<unknown>) =>
    void attempt(done, work).then(() => conversation.refresh());
  const isHeld = tags.includes('hold');
  const isEnded = hasEnded(session);
  useKeys({ e: () => setAsking('why') });
  return (
    <div class="actions" role="toolbar" aria-label="What to do with it">
      <button type="button" onClick={() => setAsking('why')} title="e">
        Why is it here?
      </button>
      <button type="button" onClick={() => void fork(sessionId)}>
        Fork
      </button>
      <button
        type="button"
        onClick={() => run('summed up', () => askSession(sessionId, 'compact', {}))}
      >
        Compact
      </button>
      <button type="button" onClick={() => setAsking('rename')}>
        Rename
      </button>
      <button type="button" onClick={() => setAsking('tag')}>
        Tags
      </button>
      <button
        type="button"
        onClick={() => run('', () => askSession(sessionId, isHeld ? 'release' : 'hold', {}))}
      >
        {isHeld ? 'Release' : 'Hold'}
      </button>
      <button
        type="button"
        onClick={() => run('', () => askSession(sessionId, isEnded ? 'reopen' : 'complete', {}))}
      >
        {isEnded ? 'Reopen' : 'Complete'}
      </button>
      {isEnded && status !== 'archived' ? (
        <button
          type="button"
          onClick={() =>
            run('it is being archived', async () =>
              onArchive((await askSession(sessionId, 'archive', {})).archive),
            )
          }
        >
          Archive
        </button>
      ) : null}
      <button type="button" class="danger" onClick={() => setAsking('delete')}>
        Delete
      </button>
      {asking === 'rename' ? (
        <AskText
          title="Rename"
          label="Title"
          value={session.title ?? ''}
          button="Rename"
          onClose={close}
          onText={(title) => run('renamed', () => askSession(sessionId, 'update', { title }))}
        />
      ) : null}
      {asking === 'tag' ? (
        <AskText
          title="Tags"
          label="All of its tags, with commas between them"
          value={tags.filter(isTyped).join(', ')}
          button="Keep"
          onClose={close}
          onText={(text) => {
            const wanted = [...tagsOf(text), ...tags.filter((tag) => !isTyped(tag))];
            run('tagged', () => askSession(sessionId, 'update', { tags: wanted }));
          }}
        />
      ) : null}
      {asking === 'delete' ? (
        <Sure
          title="Delete this session?"
          button="Delete"
          onClose={close}
          onYes={() =>
            void attempt('deleted', () => askSession(sessionId, 'delete', {})).then((isGone) => {
              if (isGone) go('/sessions');
            })
          }
        >
          <p>Its transcript goes for good.</p>
        </Sure>
      ) : null}
      {asking === 'why' ? <Why sessionId={sessionId} onClose={close} /> : null}
    </div>
  );
};

const Why = ({
  sessionId,
  onClose,
}: {
  readonly sessionId: string;
  readonly onClose: () => void;
}) => {
  const { value } = useAsked(
    (signal) => askSession(sessionId, 'explain', {}, signal),
    [sessionId],
    2_000,
  );
  return (
    <Dialog title="What it is at" onClose={onClose}>
      {value === undefined ? <p>One moment…</p> : <Explained value={value} />}
    </Dialog>
  );
};

const Explained = ({ value }: { readonly value: SessionReplies['explain'] }) => (
  <>
    <p class="why">{value.why}</p>
    {value.calls.length === 0 ? null : (
      <ul>
        {value.calls.map(({ toolUseId, name, state, child }) => (
          <li key={toolUseId}>
            <strong>{name}</strong> {state}
            {child === undefined ? null : (
              <>
                {' '}
                in <a href={addressOf(['sessions', child])}>its sub-agent</a>
              </>
            )}
          </li>
        ))}
      </ul>
    )}
    {value.retryAt === undefined ? null : <p>It goes on in {until(value.retryAt, now.value)}.</p>}
    <details>
      <summary>All that is known</summary>
      <Json of={value} />
    </details>
  </>
);
