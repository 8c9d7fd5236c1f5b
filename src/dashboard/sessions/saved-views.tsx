/** Queries that are kept in this browser, each an address. */
import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { addressOf } from '../ground/route.ts';
import { AskText } from '../parts/dialog.tsx';

interface Saved {
  readonly name: string;
  readonly q: string;
}

const PLACE = 'greenroom.views';
const USUAL: readonly Saved[] = [
  { name: 'Running', q: 'status:running' },
  { name: 'Waiting', q: 'status:waiting' },
  { name: 'This week', q: 'updated:7d..' },
  { name: 'Dearest', q: 'sort:cost' },
  { name: 'With errors', q: 'has:errors' },
];

const read = (): readonly Saved[] => {
  try {
    const saved: unknown = JSON.parse(localStorage.getItem(PLACE) ?? '[]');
    return Array.isArray(saved) ? saved.filter(isSaved) : [];
  } catch {
    return [];
  }
};
const isSaved = (value: unknown): value is Saved =>
  typeof (value as Saved | null)?.name === 'string' && typeof (value as Saved).q === 'string';

const views = signal<readonly Saved[]>(read());
const keep = (all: readonly Saved[]) => {
  views.value = all;
  localStorage.setItem(PLACE, JSON.stringify(all));
};

export const SavedViews = ({ q }: { readonly q: string }) => {
  const [isNaming, setNaming] = useState(false);
  const isKnown = [...USUAL, ...views.value].some((view) => view.q === q);
  return (
    <nav class="views" aria-label="Saved views">
      {USUAL.map((view) => (
        <View key={view.q} view={view} isCurrent={view.q === q} />
      ))}
      {views.value.map((view) => (
        <span key={view.name} class="kept">
          <View view={view} isCurrent={view.q === q} />
          <button
            type="button"
            class="plain"
            aria-label={`Forget ${view.name}`}
            onClick={() => keep(views.value.filter((one) => one !== view))}
          >
            ✕
          </button>
        </span>
      ))}
      {q !== '' && !isKnown ? (
        <button type="button" class="plain" onClick={() => setNaming(true)}>
          Keep this view
        </button>
      ) : null}
      {isNaming ? (
        <AskText
          title="Keep this view"
          label="Its name"
          button="Keep"
          onClose={() => setNaming(false)}
          onText={(name) => {
            if (name !== '') keep([...views.value.filter((one) => one.name !== name), { name, q }]);
          }}
        />
      ) : null}
    </nav>
  );
};

const View = ({ view, isCurrent }: { readonly view: Saved; readonly isCurrent: boolean }) => (
  <a href={addressOf(['sessions'], { q: view.q })} aria-current={isCurrent ? 'true' : undefined}>
    {view.name}
  </a>
);
