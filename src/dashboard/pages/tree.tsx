/** The running system, as its supervisors have it: what lives, what waits in front of it, what crashed last. */
import { useRef, useState } from 'preact/hooks';
import { askDaemon } from '../ground/ask.ts';
import type { TreeView } from '../ground/replies.ts';
import { addressWith, route } from '../ground/route.ts';
import { useAsked } from '../ground/time.ts';
import { count } from '../ground/words.ts';
import { Loading } from '../parts/loading.tsx';
import { Ago } from '../parts/moment.tsx';
import { Trouble } from '../parts/problem.tsx';
import { ActorTrace } from './actor-trace.tsx';

const EVERY_MS = 1_000;

export const Tree = () => {
  const { value, problem } = useAsked((end) => askDaemon('tree', {}, end), [], EVERY_MS);
  const selected = route.value.query.get('actor') ?? undefined;
  return (
    <div class="tree">
      <h1>Supervision tree</h1>
      <Trouble problem={problem} />
      {value === undefined ? (
        problem === undefined ? (
          <Loading />
        ) : null
      ) : (
        <div class="beside wide">
          <ul class="nodes" role="tree" aria-label="Actors">
            <Node node={value} above="" selected={selected} level={1} />
          </ul>
          {selected === undefined ? <Sum tree={value} /> : <Actor path={selected} />}
        </div>
      )}
    </div>
  );
};

const Node = (props: {
  readonly node: TreeView;
  readonly above: string;
  readonly selected: string | undefined;
  readonly level: number;
}) => {
  const { node, above, selected, level } = props;
  const path = above === '' ? node.id : `${above}/${node.id}`;
  const [isOpen, setOpen] = useState(node.children.length <= 40);
  const before = useRef(node.restarts);
  const hasJustRestarted = node.restarts > before.current;
  before.current = node.restarts;
  const shown = isOpen ? node.children : node.children.slice(0, 10);
  return (
    <li
      role="treeitem"
      aria-level={level}
      aria-selected={path === selected}
      aria-expanded={node.children.length === 0 ? undefined : true}
    >
      <a
        class={`node ${node.kind} ${node.status} ${hasJustRestarted ? 'fresh' : ''}`}
        href={addressWith({ actor: path })}
      >
        <span class="dot" aria-hidden="true" />
        <span class="name">{node.id}</span>
        {node.strategy === undefined ? null : <span class="second">{words(node.strategy)}</span>}
        {node.status === 'running' ? null : <span class="warn">{node.status}</span>}
        {node.mailbox === undefined ? null : (
          <span class="number" title="messages that wait in front of it">
            ✉ {count(node.mailbox)}
          </span>
        )}
        {node.hasCrashed === undefined ? null : <span class="bad">has crashed</span>}
        {node.restarts > 0 ? (
          <span class="warn" title="restarts since the start">
            ↻ {node.restarts}
          </span>
        ) : null}
      </a>
      {node.children.length === 0 ? null : (
        <ul role="group">
          {shown.map((child) => (
            <Node key={child.id} node={child} above={path} selected={selected} level={level + 1} />
          ))}
          {isOpen ? null : (
            <li role="none">
              <button type="button" class="plain" onClick={() => setOpen(true)}>
                {count(node.children.length - shown.length)} more
              </button>
            </li>
          )}
        </ul>
      )}
    </li>
  );
};

const words = (strategy: string): string => strategy.replaceAll('_', ' ');

const all = (node: TreeView): readonly TreeView[] => [node, ...node.children.flatMap(all)];

const Sum = ({ tree }: { readonly tree: TreeView }) => {
  const nodes = all(tree);
  const restarted = nodes.filter(({ restarts }) => restarts > 0);
  return (
    <section class="card">
      <h2>All of it</h2>
      <dl>
        <div>
          <dt>Actors</dt>
          <dd>{count(nodes.filter(({ kind }) => kind === 'worker').length)}</dd>
        </div>
        <div>
          <dt>Supervisors</dt>
          <dd>{count(nodes.filter(({ kind }) => kind === 'supervisor').length)}</dd>
        </div>
        <div>
          <dt>Restarted</dt>
          <dd>{restarted.length === 0 ? 'none' : restarted.map(({ id }) => id).join(', ')}</dd>
        </div>
      </dl>
      <p class="second">Choose one to see what waits in front of it, and its last crash.</p>
    </section>
  );
};

const Actor = ({ path }: { readonly path: string }) => {
  const { value, problem } = useAsked(
    (end) => askDaemon('inspect', { path }, end),
    [path],
    EVERY_MS,
  );
  return (
    <section class="card">
      <h2>{path}</h2>
      <Trouble problem={problem} />
      {value === undefined ? null : (
        <dl>
          <Value name="State" value={value.status} />
          <Value name="Mailbox" value={`${count(value.mailbox)} wait`} />
          <Value name="Owed answers" value={count(value.owed)} />
          <Value name="Handled" value={count(value.reductions)} />
          <Value name="Restarts" value={count(value.restarts)} />
          <div>
            <dt>At work on</dt>
            <dd>
              {value.current === null ? (
                'nothing'
              ) : (
                <>
                  <code>{value.current.message}</code>, since <Ago at={value.current.since} />
                </>
              )}
            </dd>
          </div>
          <div>
            <dt>Last crash</dt>
            <dd>{value.lastCrash === null ? 'none' : <pre>{value.lastCrash}</pre>}</dd>
          </div>
        </dl>
      )}
      <ActorTrace key={path} path={path} />
    </section>
  );
};

const Value = ({ name, value }: { readonly name: string; readonly value: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);
