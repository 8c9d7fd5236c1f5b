/** Where one types: the session goes on with what is sent. */
import { useRef, useState } from 'preact/hooks';
import { askSession, Problem, sendTurn } from '../ground/ask.ts';
import { attempt } from '../ground/notice.ts';
import type { SessionView } from '../ground/replies.ts';
import { hasEnded } from './actions.tsx';
import type { Conversation } from './conversation.ts';

const BUSY = ['enqueue', 'interrupt', 'rollback'] as const;
const SAYS: Readonly<Record<(typeof BUSY)[number], string>> = {
  enqueue: 'behind the running turn',
  interrupt: 'in its place',
  rollback: 'in its place, and forget it',
};

export const Composer = (props: {
  readonly conversation: Conversation;
  readonly session: SessionView;
}) => {
  const { conversation, session } = props;
  const field = useRef<HTMLTextAreaElement>(null);
  const [onBusy, setBusy] = useState<(typeof BUSY)[number]>('enqueue');
  const [isSending, setSending] = useState(false);
  /** The session holds answers of the other kind: whether to mix them is for a person to say. */
  const [isOther, setOther] = useState(false);
  if (hasEnded(session))
    return (
      <div class="composer ended">
        <p>
          This session has ended (<strong>{session.status}</strong>): it takes no turn until it is
          opened again.
        </p>
        <button
          type="button"
          class="main"
          onClick={() =>
            void attempt('opened again', () => askSession(session.sessionId, 'reopen', {})).then(
              () => conversation.refresh(),
            )
          }
        >
          Reopen
        </button>
      </div>
    );
  const other = session.provider === 'rehearsal' ? 'anthropic' : 'rehearsal';
  const open = conversation.turns.value.filter(({ finishedAt }) => finishedAt === undefined);
  const send = async (event?: Event, provider?: string) => {
    event?.preventDefault();
    const prompt = field.current?.value.trim() ?? '';
    if (prompt === '' || isSending) return;
    setSending(true);
    const turn = { prompt, onBusy, ...(provider === undefined ? {} : { provider }) };
    const isSent = await attempt('', () =>
      sendTurn(session.sessionId, turn).catch((error: unknown) => {
        setOther(error instanceof Problem && error.code === 'provider_mismatch');
        throw error;
      }),
    );
    if (isSent) setOther(false);
    setSending(false);
    if (isSent && field.current !== null) field.current.value = '';
    conversation.refreshSoon();
  };
  return (
    <form class="composer" onSubmit={send}>
      <label class="hidden" for="prompt">
        What to say
      </label>
      <textarea
        id="prompt"
        ref={field}
        rows={3}
        placeholder="Go on… (Ctrl+Enter sends)"
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send(event);
        }}
      />
      <div class="send">
        {open.length === 0 ? null : (
          <>
            <label>
              <span class="hidden">While a turn runs</span>
              <select
                value={onBusy}
                onChange={({ currentTarget }) => setBusy(currentTarget.value as typeof onBusy)}
              >
                {BUSY.map((each) => (
                  <option key={each} value={each}>
                    {SAYS[each]}
                  </option>
                ))}
              </select>
            </label>
            <button
              type="button"
              onClick={() =>
                void attempt('stopped', () => askSession(session.sessionId, 'cancel', {})).then(
                  () => conversation.refreshSoon(),
                )
              }
            >
              Stop the turn
            </button>
          </>
        )}
        {isOther ? (
          <button type="button" disabled={isSending} onClick={() => void send(undefined, other)}>
            {other === 'rehearsal' ? 'Let the rehearsal model answer' : 'Let Claude answer'}
          </button>
        ) : null}
        <button type="submit" class="main" disabled={isSending}>
          Send
        </button>
      </div>
    </form>
  );
};
