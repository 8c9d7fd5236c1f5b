/** The page: its frame, its views by their addresses, and the keys that lead to them. */
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Approvals, useWaiting } from './approvals/approvals.tsx';
import { useKeys } from './ground/keyboard.ts';
import { notices } from './ground/notice.ts';
import { followLinks, go, route } from './ground/route.ts';
import { Keyhelp } from './keyhelp.tsx';
import { Audit } from './pages/audit.tsx';
import { Costs } from './pages/costs.tsx';
import { Health } from './pages/health.tsx';
import { Tree } from './pages/tree.tsx';
import { Turns } from './pages/turns.tsx';
import { SessionPage } from './session/page.tsx';
import { Sessions } from './sessions/page.tsx';

interface View {
  readonly name: string;
  readonly title: string;
  readonly key: string;
}

const VIEWS: readonly View[] = [
  { name: 'sessions', title: 'Sessions', key: 's' },
  { name: 'approvals', title: 'Approvals', key: 'a' },
  { name: 'tree', title: 'Tree', key: 't' },
  { name: 'turns', title: 'Turns', key: 'r' },
  { name: 'costs', title: 'Costs', key: 'c' },
  { name: 'audit', title: 'Audit', key: 'u' },
  { name: 'health', title: 'Health', key: 'h' },
];

const Shown = () => {
  const [name = 'sessions', id] = route.value.path;
  switch (name) {
    case 'sessions':
      return id === undefined ? <Sessions /> : <SessionPage key={id} sessionId={id} />;
    case 'approvals':
      return <Approvals />;
    case 'tree':
      return <Tree />;
    case 'turns':
      return <Turns />;
    case 'costs':
      return <Costs />;
    case 'audit':
      return <Audit />;
    case 'health':
      return <Health />;
    default:
      return (
        <>
          <h1>There is no such page</h1>
          <p>
            Nothing is at <code>{location.pathname}</code>. <a href="/sessions">Sessions</a> has
            what there is; programs find the rest below <code>/v1</code>.
          </p>
        </>
      );
  }
};

const Page = () => {
  const [isHelping, setHelping] = useState(false);
  const waiting = useWaiting();
  const views = useRef<HTMLElement>(null);
  const [name = 'sessions', id] = route.value.path;
  useEffect(() => {
    const view = VIEWS.find((one) => one.name === name);
    // on a phone the views are wider than the page
    const current = views.current?.querySelector('[aria-current]');
    current?.scrollIntoView({ block: 'nearest', inline: 'center' });
    document.title = [id, view?.title, 'Greenroom'].filter(Boolean).join(' · ');
  }, [name, id]);
  useKeys({
    ...Object.fromEntries(VIEWS.map((view) => [`g ${view.key}`, () => go(`/${view.name}`)])),
    '?': () => setHelping(true),
    '/': () => document.querySelector<HTMLInputElement>('[data-query]')?.focus(),
  });
  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <header class="top">
        <a class="brand" href="/sessions">
          <img src="/icon.svg" alt="" width="22" height="22" /> Greenroom
        </a>
        <nav ref={views} aria-label="Views">
          {VIEWS.map((view) => (
            <a
              key={view.name}
              href={`/${view.name}`}
              aria-current={view.name === name ? 'page' : undefined}
              title={`g ${view.key}`}
            >
              {view.title}
              {view.name === 'approvals' && waiting > 0 ? (
                <span class="badge" title={`${waiting} wait for a person`}>
                  {waiting}
                </span>
              ) : null}
            </a>
          ))}
        </nav>
        <button type="button" class="plain" aria-label="Keys" onClick={() => setHelping(true)}>
          ?
        </button>
      </header>
      <main id="main" tabIndex={-1}>
        <Shown />
      </main>
      <div class="notices" role="status" aria-live="polite">
        {notices.value.map(({ id: notice, text, isProblem }) => (
          <p key={notice} class={isProblem ? 'bad' : ''}>
            {text}
          </p>
        ))}
      </div>
      {isHelping ? <Keyhelp views={VIEWS} onClose={() => setHelping(false)} /> : null}
    </>
  );
};

document.addEventListener('click', followLinks);
const root = document.getElementById('page');
root?.replaceChildren(); // until then it shows what the file has
if (root !== null) render(<Page />, root);
