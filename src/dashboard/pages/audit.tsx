/** What became of sessions, what their tools did, and who decided: newest first. */
import { useEffect, useState } from 'preact/hooks';
import { askSessions, Problem } from '../ground/ask.ts';
import type { SessionsReplies } from '../ground/replies.ts';
import { addressOf, addressWith, go, route } from '../ground/route.ts';
import { Json } from '../parts/json.tsx';
import { Ago } from '../parts/moment.tsx';
import { Trouble } from '../parts/problem.tsx';

type Record = SessionsReplies['audit-all']['audit'][number];

const KINDS = ['lifecycle', 'tool', 'permission', 'hook', 'turn'] as const;
const DECISIONS = ['allowed', 'denied', 'asked'] as const;

interface Page {
  readonly records: readonly Record[];
  readonly cursor: string | undefined;
  readonly problem: Problem | undefined;
}

const NOTHING: Page = { records: [], cursor: undefined, problem: undefined };

export const Audit = () => {
  const { query } = route.value;
  const kind = KINDS.find((each) => each === query.get('kind'));
  const decision = DECISIONS.find((each) => each === query.get('decision'));
  const tool = query.get('tool') ?? '';
  const [page, setPage] = useState(NOTHING);
  const load = async (before: readonly Record[], cursor: string | undefined) => {
    try {
      const reply = await askSessions('audit-all', {
        limit: 100,
        ...(kind === undefined ? {} : { kind }),
        ...(decision === undefined ? {} : { decision }),
        ...(tool === '' ? {} : { tool }),
        ...(cursor === undefined ? {} : { cursor }),
      });
      setPage({
        records: [...before, ...reply.audit],
        cursor: reply.nextCursor,
        problem: undefined,
      });
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem('page', String(error), 0);
      setPage({ records: before, cursor, problem });
    }
  };
  useEffect(() => void load([], undefined), [kind, decision, tool]);
  const choice = (name: string, value: string | undefined, values: readonly string[]) => (
    <label>
      {name}{' '}
      <select
        value={value ?? ''}
        onChange={({ currentTarget }) => go(addressWith({ [name]: currentTarget.value }))}
      >
        <option value="">all</option>
        {values.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  );
  return (
    <div class="audit">
      <h1>Audit</h1>
      <div class="bar">
        {choice('kind', kind, KINDS)}
        {choice('decision', decision, DECISIONS)}
        <label>
          tool{' '}
          <input
            data-query
            key={tool}
            defaultValue={tool}
            placeholder="Bash"
            onChange={({ currentTarget }) => go(addressWith({ tool: currentTarget.value }))}
          />
        </label>
      </div>
      <Trouble problem={page.problem} />
      <div class="scroll" tabIndex={0} role="region" aria-label="Audit">
        <table>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Session</th>
              <th scope="col">What</th>
              <th scope="col">By</th>
              <th scope="col">More</th>
            </tr>
          </thead>
          <tbody>
            {page.records.map((record, at) => (
              <Row key={at} record={record} />
            ))}
          </tbody>
        </table>
      </div>
      {page.cursor === undefined ? null : (
        <button type="button" onClick={() => void load(page.records, page.cursor)}>
          Older ones
        </button>
      )}
    </div>
  );
};

const Row = ({ record }: { readonly record: Record }) => (
  <tr>
    <td>
      <Ago at={record.at} />
    </td>
    <th scope="row">
      <a href={addressOf(['sessions', record.sessionId])}>{record.sessionId}</a>
    </th>
    <td>
      {record.kind} <strong>{record.action}</strong>
    </td>
    <td>{record.by}</td>
    <td>
      {record.details === undefined ? null : (
        <details>
          <summary>
            {String(record.details['tool'] ?? record.details['reason'] ?? 'details')}
          </summary>
          <Json of={record.details} />
        </details>
      )}
    </td>
  </tr>
);
