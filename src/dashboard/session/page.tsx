/** One session: what was said, what is being said, what it cost, and what may be done with it. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Waiting } from '../approvals/approvals.tsx';
import { Problem } from '../ground/ask.ts';
import type { ArchiveView } from '../ground/replies.ts';
import { route } from '../ground/route.ts';
import { Loading } from '../parts/loading.tsx';
import { Trouble } from '../parts/problem.tsx';
import { Actions, hasEnded } from './actions.tsx';
import { Archive } from './archive.tsx';
import { Branches } from './branches.tsx';
import { Composer } from './composer.tsx';
import { Conversation } from './conversation.ts';
import { Facts } from './facts.tsx';
import { LiveTurn } from './live-turn.tsx';
import { RawSwitch } from './prose.tsx';
import { Transcript } from './transcript.tsx';
import { Turns } from './turns.tsx';

export const SessionPage = ({ sessionId }: { readonly sessionId: string }) => {
  const conversation = useMemo(() => new Conversation(sessionId), [sessionId]);
  useEffect(() => () => conversation.close(), [conversation]);
  const [archive, setArchive] = useState<ArchiveView>();
  useEffect(() => setArchive(undefined), [sessionId]);
  const session = conversation.session.value;
  const problem = conversation.problem.value;
  const at = Number(route.value.query.get('at')) || undefined;
  if (session === undefined)
    return problem instanceof Problem ? <Trouble problem={problem} /> : <Loading />;
  return (
    <div class="session">
      <Facts conversation={conversation} session={session} />
      <Actions conversation={conversation} session={session} onArchive={setArchive} />
      {hasEnded(session) ? (
        <Archive conversation={conversation} session={session} asked={archive} />
      ) : null}
      <Branches conversation={conversation} session={session} />
      <div class="beside">
        <Turns conversation={conversation} />
        <div class="said">
          <Trouble problem={problem instanceof Problem ? problem : undefined} />
          <RawSwitch />
          <Transcript conversation={conversation} lastSeq={session.seq} at={at} />
          <LiveTurn conversation={conversation} />
          <Waiting sessionId={sessionId} onAnswered={() => conversation.refreshSoon()} />
          <Composer conversation={conversation} session={session} />
        </div>
      </div>
    </div>
  );
};
