/** What a session is, above what it said. */
import type { ComponentChildren } from 'preact';
import type { SessionView } from '../ground/replies.ts';
import { addressOf } from '../ground/route.ts';
import { costOf, count, money, short } from '../ground/words.ts';
import { Ago } from '../parts/moment.tsx';
import { Status } from '../parts/status.tsx';
import { Tags } from '../parts/tags.tsx';
import type { Conversation } from './conversation.ts';

export const Facts = (props: {
  readonly conversation: Conversation;
  readonly session: SessionView;
}) => {
  const { conversation, session } = props;
  const { usage, parent, childOf } = session;
  const read = usage.cacheReadInputTokens;
  const all = usage.inputTokens + read + usage.cacheCreationInputTokens;
  return (
    <header class="facts">
      <h1>{session.title ?? session.sessionId}</h1>
      <p>
        <Status of={session.status} /> <Tags of={session.tags} />{' '}
        <span class={`stream ${conversation.isLive.value ? 'on' : ''}`}>
          {conversation.isLive.value ? 'live' : 'not live'}
        </span>
      </p>
      <dl>
        <Fact name="Id">
          <code>{session.sessionId}</code>
        </Fact>
        <Fact name="Cost">
          {costOf(session)}
          {session.inheritedCostUsd === undefined
            ? null
            : ` + ${money(session.inheritedCostUsd)} before the fork`}
        </Fact>
        <Fact name="Messages">{count(session.messageCount)}</Fact>
        <Fact name="Turns">{count(session.numTurns)}</Fact>
        <Fact name="Tokens">
          {short(all)} in, {short(usage.outputTokens)} out
          {all > 0 ? `, ${Math.round((100 * read) / all)} % from the cache` : ''}
        </Fact>
        {session.model === undefined ? null : <Fact name="Model">{session.model}</Fact>}
        {session.owner === undefined ? null : <Fact name="Owner">{session.owner}</Fact>}
        {session.workingDirectory === undefined ? null : (
          <Fact name="Folder">
            <code>{session.workingDirectory}</code>
          </Fact>
        )}
        {parent === undefined ? null : (
          <Fact name="Fork of">
            <a href={addressOf(['sessions', parent.sessionId], { at: String(parent.seq) })}>
              {parent.sessionId}
            </a>
          </Fact>
        )}
        {childOf === undefined ? null : (
          <Fact name="Sub-agent of">
            <a href={addressOf(['sessions', childOf.sessionId])}>{childOf.sessionId}</a>
          </Fact>
        )}
        <Fact name="Made">
          <Ago at={session.createdAt} />
        </Fact>
        <Fact name="Changed">
          <Ago at={session.updatedAt} />
        </Fact>
      </dl>
      {session.lastError === undefined ? null : (
        <p class="trouble">
          The last error: {session.lastError.message} <code>{session.lastError.code}</code>
        </p>
      )}
    </header>
  );
};

const Fact = ({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ComponentChildren;
}) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);
