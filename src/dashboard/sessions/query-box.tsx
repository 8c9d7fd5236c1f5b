/** The query, with what could come next: keys, and for some of them their values. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { askSessions, type Problem } from '../ground/ask.ts';
import { quoted } from '../parts/tags.tsx';
import { KEYS, type Wanted, wordAt } from './complete.ts';

interface Offer {
  /** What takes the place of the word. */
  readonly text: string;
  readonly says: string;
}

const MAX_OFFERS = 8;
const WAIT_MS = 120;

export const QueryBox = (props: {
  readonly q: string;
  readonly problem: Problem | undefined;
  readonly onQuery: (q: string) => void;
}) => {
  const { q, problem, onQuery } = props;
  const [text, setText] = useState(q);
  const [offers, setOffers] = useState<readonly Offer[]>([]);
  const [at, setAt] = useState(-1);
  const field = useRef<HTMLInputElement>(null);
  const [asked, setAsked] = useState<Wanted>();
  useEffect(() => setText(q), [q]);
  useEffect(() => {
    if (asked === undefined) return setOffers([]);
    const end = new AbortController();
    const timer = setTimeout(() => {
      offersFor(asked, end.signal)
        .then((found) => {
          setOffers(found);
          setAt(-1);
        })
        .catch(() => setOffers([]));
    }, WAIT_MS);
    return () => {
      clearTimeout(timer);
      end.abort();
    };
  }, [asked?.key, asked?.start, asked?.value]);
  const look = () => {
    const { value, selectionStart } = field.current ?? { value: '', selectionStart: 0 };
    setText(value);
    setAsked(wordAt(value, selectionStart ?? value.length));
  };
  const take = (offer: Offer) => {
    if (asked === undefined) return;
    const next = `${text.slice(0, asked.start)}${offer.text}${text.slice(asked.end)}`;
    setText(next);
    setOffers([]);
    if (offer.text.endsWith(':')) setAsked(wordAt(next, asked.start + offer.text.length));
    else onQuery(next);
    field.current?.focus();
  };
  const pressed = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && offers.length > 0) {
      event.preventDefault();
      return setAt((now) => (now + step + offers.length + 1) % (offers.length + 1));
    }
    const chosen = offers[at];
    if ((event.key === 'Enter' || event.key === 'Tab') && chosen !== undefined) {
      event.preventDefault();
      return take(chosen);
    }
    if (event.key === 'Escape') {
      setOffers([]);
      field.current?.blur();
    }
  };
  const isWrong = problem?.code === 'invalid_criteria';
  return (
    <form
      class="query"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        setOffers([]);
        onQuery(text.trim());
      }}
    >
      <input
        ref={field}
        data-query
        type="search"
        role="combobox"
        list={undefined}
        aria-label="Find sessions"
        aria-expanded={offers.length > 0}
        aria-controls="offers"
        aria-autocomplete="list"
        aria-activedescendant={at >= 0 ? `offer-${at}` : undefined}
        aria-invalid={isWrong}
        placeholder='tag:review cost:>0.5 updated:7d.. "connection reset"'
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={look}
        onKeyDown={pressed}
        onClick={look}
        onBlur={() => setTimeout(() => setOffers([]), 150)}
      />
      {offers.length > 0 ? (
        <ul id="offers" role="listbox" aria-label="What could come next">
          {offers.map((offer, index) => (
            <li
              key={offer.text}
              id={`offer-${index}`}
              role="option"
              aria-selected={index === at}
              onMouseDown={(event) => {
                event.preventDefault();
                take(offer);
              }}
            >
              <code>{offer.text}</code> <small>{offer.says}</small>
            </li>
          ))}
        </ul>
      ) : null}
      {isWrong ? (
        <p class="wrong" role="alert">
          {problem.message}
        </p>
      ) : null}
    </form>
  );
};

const offersFor = async (
  { key, value, isNot }: Wanted,
  signal: AbortSignal,
): Promise<readonly Offer[]> => {
  const not = isNot ? '-' : '';
  if (key === undefined)
    return KEYS.filter(({ name }) => value !== '' && name.startsWith(value.toLowerCase()))
      .slice(0, MAX_OFFERS)
      .map(({ name, says }) => ({ text: `${not}${name}:`, says }));
  const known = KEYS.find(({ name }) => name === key);
  if (known === undefined) return [];
  const begins = (text: string) => text.toLowerCase().includes(value.toLowerCase());
  if (known.values !== undefined)
    return known.values.filter(begins).map((text) => ({ text: `${not}${key}:${text} `, says: '' }));
  if (known.facet === undefined) return [];
  const { facets } = await askSessions('facets', { by: known.facet, limit: 200 }, signal);
  return facets
    .filter((facet) => begins(facet.value) && facet.value !== '')
    .slice(0, MAX_OFFERS)
    .map((facet) => ({
      text: `${not}${key}:${quoted(facet.value)} `,
      says: `${facet.sessions}`,
    }));
};
