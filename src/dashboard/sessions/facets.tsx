/** What there is in what was found: by tag, state, model and folder; each value narrows the query. */
import { askSessions } from '../ground/ask.ts';
import { addressWith } from '../ground/route.ts';
import { COUNTED_MS, useAsked } from '../ground/time.ts';
import { count, foldersOf } from '../ground/words.ts';
import { quoted } from '../parts/tags.tsx';

const GROUPS = [
  { by: 'status', title: 'State', name: 'status' },
  { by: 'tag', title: 'Tags', name: 'tag' },
  { by: 'model', title: 'Models', name: 'model' },
  { by: 'workingDirectory', title: 'Folders', name: 'dir' },
] as const;
const SHOWN = 8;

export const Facets = ({ q }: { readonly q: string }) => (
  <aside class="facets" aria-label="Narrow down">
    {GROUPS.map((group) => (
      <Group key={group.by} q={q} {...group} />
    ))}
  </aside>
);

const Group = (props: { readonly q: string } & (typeof GROUPS)[number]) => {
  const { q, by, title, name } = props;
  const { value } = useAsked(
    (signal) => askSessions('facets', { q, by, limit: SHOWN }, signal),
    [q],
    COUNTED_MS,
  );
  const facets = value?.facets.filter((facet) => facet.value !== '') ?? [];
  if (facets.length === 0) return null;
  const names = foldersOf(facets.map((facet) => facet.value));
  return (
    <section>
      <h2>{title}</h2>
      <ul>
        {facets.map((facet, at) => (
          <li key={facet.value}>
            <a
              href={addressWith({ q: `${q} ${name}:${quoted(facet.value)}`.trim() })}
              title={facet.value}
            >
              {by === 'workingDirectory' ? names[at] : facet.value}
            </a>
            <span class="number">{count(facet.sessions)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
};
