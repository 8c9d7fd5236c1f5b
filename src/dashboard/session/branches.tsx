/** Two programs went on with the session: what each has said, and which of them the model sees. */
import { askSession } from '../ground/ask.ts';
import { attempt } from '../ground/notice.ts';
import type { SessionView } from '../ground/replies.ts';
import { addressWith } from '../ground/route.ts';
import { useAsked } from '../ground/time.ts';
import { Ago } from '../parts/moment.tsx';
import type { Conversation } from './conversation.ts';

export const Branches = (props: {
  readonly conversation: Conversation;
  readonly session: SessionView;
}) => {
  const { conversation, session } = props;
  return session.branches === undefined ? null : (
    <Divided conversation={conversation} session={session} />
  );
};

const Divided = ({ conversation, session }: Parameters<typeof Branches>[0]) => {
  const { sessionId, seq, branches } = session;
  const { value } = useAsked(
    (end) => askSession(sessionId, 'branches', {}, end),
    [sessionId, seq, branches?.chosen],
  );
  const choose = (branch: number) =>
    void attempt('chosen', () => askSession(sessionId, 'choose-branch', { branch })).then(() =>
      conversation.refresh(),
    );
  return (
    <section class="card branches" aria-label="Branches">
      <h2>Two programs went on with this session</h2>
      <ul>
        {value?.branches.map(({ number, isChosen, messages, lastSeq, lastAt, excerpt }) => (
          <li key={number}>
            <strong>Branch {number}</strong>, {messages} messages
            {lastAt === undefined ? null : (
              <>
                , the last <Ago at={lastAt} />
              </>
            )}{' '}
            {lastSeq === undefined ? null : <a href={addressWith({ at: String(lastSeq) })}>show</a>}{' '}
            {isChosen ? (
              <em>the model sees it</em>
            ) : (
              <button type="button" onClick={() => choose(number)}>
                Let the model see it
              </button>
            )}
            {excerpt === undefined ? null : <p class="second">{excerpt}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
};
