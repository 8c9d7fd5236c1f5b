/** One thing that waits: why, what it would do, and the ways to answer. */
import { askSession } from '../ground/ask.ts';
import { addressOf } from '../ground/route.ts';
import { now, useAsked } from '../ground/time.ts';
import { money, until } from '../ground/words.ts';
import { Ago } from '../parts/moment.tsx';
import { Trouble } from '../parts/problem.tsx';
import { Input } from '../parts/tool-input.tsx';
import { type Answer, type Asked, type AskedBudget, type AskedCall, answer } from './answer.ts';
import { Question } from './question.tsx';

export const Card = (props: {
  readonly approval: Asked;
  readonly isCurrent: boolean;
  readonly onAnswered: () => void;
}) => {
  const { approval, isCurrent, onAnswered } = props;
  const { sessionId, reason, askedAt, answerBy } = approval;
  const give = (given: Answer) => void answer(approval, given).then(onAnswered);
  const name = 'budget' in approval ? 'Spend more?' : approval.toolName;
  return (
    <article
      class={`approval ${isCurrent ? 'current' : ''}`}
      aria-label={`${name} in ${sessionId}`}
    >
      <header>
        <strong>{name}</strong> in <a href={addressOf(['sessions', sessionId])}>{sessionId}</a>{' '}
        <Ago at={askedAt} />
        {answerBy === undefined ? null : (
          <span class="warn"> denied in {until(answerBy, now.value)}</span>
        )}
      </header>
      <p>{reason}</p>
      {'budget' in approval ? <Budget of={approval} /> : <Call approval={approval} />}
      {'question' in approval && approval.question !== undefined ? (
        <Question {...approval.question} onAnswer={give} />
      ) : (
        <Buttons
          suggestions={'suggestions' in approval ? approval.suggestions : []}
          isCurrent={isCurrent}
          onAnswer={give}
        />
      )}
    </article>
  );
};

const Budget = ({ of: { budget } }: { readonly of: AskedBudget }) => (
  <p>
    {budget.name}: {money(budget.usedUsd)} of {money(budget.limitUsd)} are used, the next call may
    cost {money(budget.neededUsd)}. Allow {money(budget.askedUsd)} more?
  </p>
);

const Buttons = (props: {
  readonly suggestions: readonly string[];
  readonly isCurrent: boolean;
  readonly onAnswer: (answer: Answer) => void;
}) => {
  const { suggestions, isCurrent, onAnswer } = props;
  return (
    <>
      {suggestions.length < 2 ? null : (
        <div class="second">
          For the session it would allow:
          <ul>
            {suggestions.map((rule) => (
              <li key={rule}>
                <code>{rule}</code>
              </li>
            ))}
          </ul>
        </div>
      )}
      <footer>
        <button
          type="button"
          class="main"
          onClick={() => onAnswer({ decision: 'allow' })}
          title={isCurrent ? 'a' : undefined}
        >
          Allow once
        </button>
        {suggestions.length === 0 ? null : (
          <button type="button" onClick={() => onAnswer({ decision: 'allow', scope: 'session' })}>
            Allow for the session
            {suggestions.length === 1 ? (
              <>
                : <code>{suggestions[0]}</code>
              </>
            ) : (
              `: all ${suggestions.length} rules`
            )}
          </button>
        )}
        <button
          type="button"
          class="danger"
          onClick={() => onAnswer({ decision: 'deny' })}
          title={isCurrent ? 'd' : undefined}
        >
          Deny
        </button>
      </footer>
    </>
  );
};

/** What it would do, whole: a list leaves the call itself out, so it is asked for. */
const Call = ({ approval }: { readonly approval: AskedCall }) => {
  const { sessionId, approvalId, toolName, commands, files, sandbox } = approval;
  const { value, problem } = useAsked(
    async (end) => {
      if ('input' in approval) return approval.input;
      const { approvals } = await askSession(sessionId, 'asked', {}, end);
      const asked = approvals.find((each) => each.approvalId === approvalId);
      return asked !== undefined && 'input' in asked ? asked.input : {};
    },
    [sessionId, approvalId],
  );
  return (
    <>
      <Trouble problem={problem} />
      {value === undefined ? null : <Input name={toolName} input={value} />}
      {commands.length < 2 ? null : (
        <p class="second">
          it runs <code>{commands.join(', then or beside it ')}</code>
        </p>
      )}
      {files.length === 0 ? null : <p class="second">{files.join(', ')}</p>}
      {sandbox === undefined ? null : <p class="second">sandbox: {sandbox}</p>}
    </>
  );
};
