/**
 * The transcript: of however many entries, those near the view are in the document. It is cut into parts of equal length;
 * each keeps its height when it is out of view, so that the scroll bar says the truth.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Still } from '../parts/still.tsx';
import { type Conversation, PART } from './conversation.ts';
import { Entry } from './entry.tsx';

/** How far around the view parts are kept, in pixels. */
const MARGIN = '1500px 0px';
/** Of an entry that was not seen yet. */
const USUAL_HEIGHT = 110;

export const Transcript = (props: {
  readonly conversation: Conversation;
  readonly lastSeq: number;
  /** The entry to begin at; undefined: the last one. */
  readonly at: number | undefined;
}) => {
  const { conversation, lastSeq, at } = props;
  const parts = Math.ceil(lastSeq / PART);
  const isFollowing = useRef(at === undefined);
  useEffect(() => {
    if (at !== undefined) return;
    const moved = () => {
      isFollowing.current = innerHeight + scrollY >= document.documentElement.scrollHeight - 120;
    };
    addEventListener('scroll', moved, { passive: true });
    return () => removeEventListener('scroll', moved);
  }, [at]);
  useEffect(() => {
    const grown = new ResizeObserver(() => {
      if (isFollowing.current) scrollTo(0, document.documentElement.scrollHeight);
    });
    grown.observe(document.body);
    return () => grown.disconnect();
  }, []);
  if (lastSeq === 0) return <p class="empty">Nothing was said yet.</p>;
  return (
    <div class="transcript" role="log" aria-label="Transcript">
      {Array.from({ length: parts }, (_, part) => (
        <PartOf
          key={part}
          conversation={conversation}
          part={part}
          size={Math.min(PART, lastSeq - part * PART)}
          at={at !== undefined && Math.floor((at - 1) / PART) === part ? at : undefined}
        />
      ))}
    </div>
  );
};

const PartOf = (props: {
  readonly conversation: Conversation;
  readonly part: number;
  readonly size: number;
  readonly at: number | undefined;
}) => {
  const { conversation, part, size, at } = props;
  const place = useRef<HTMLDivElement>(null);
  const [isNear, setNear] = useState(false);
  const height = useRef<number | undefined>(undefined);
  useEffect(() => {
    const seen = new IntersectionObserver(([entry]) => setNear(entry?.isIntersecting === true), {
      rootMargin: MARGIN,
    });
    if (place.current !== null) seen.observe(place.current);
    return () => seen.disconnect();
  }, []);
  useEffect(() => {
    if (isNear) void conversation.want(part);
    else {
      height.current = place.current?.offsetHeight ?? height.current;
      conversation.drop(part);
    }
  }, [isNear]);
  const entries = isNear ? conversation.parts.value.get(part) : undefined;
  const isHere = entries !== undefined;
  useEffect(() => {
    if (at === undefined) return;
    const element = isHere ? document.getElementById(`seq-${at}`) : place.current;
    element?.scrollIntoView({ block: 'center' });
  }, [at, isHere]);
  const kept = height.current ?? size * USUAL_HEIGHT;
  return (
    <div ref={place} class="part" style={isHere ? {} : { height: `${kept}px` }}>
      {entries?.map((entry) => (
        <Still key={entry.seq} on={[entry, entry.seq === at]}>
          <Entry entry={entry} sessionId={conversation.sessionId} isMarked={entry.seq === at} />
        </Still>
      ))}
    </div>
  );
};
