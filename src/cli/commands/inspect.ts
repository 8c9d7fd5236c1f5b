/** `greenroom inspect`: one actor of the running tree, by its path, and its messages as they come. */
import type { ActorView, TraceView } from '../../session/verbs/daemon-verbs.ts';
import { facts } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import type { DaemonClient } from '../shell.ts';
import { parseCount } from '../values.ts';

/** More fields may come, and are shown as they are. */
type Shown = Pick<ActorView, 'current'>;

interface Options {
  /** Seconds. */
  readonly trace?: number;
}

export const registerInspect = (registration: Registration): void => {
  registration.program
    .command('inspect <path>')
    .description('one actor of the running tree, such as storage/journal')
    .option('--trace <seconds>', 'trace it for so long: its messages as they come', parseCount)
    .action(
      act<[string], Options>(registration, (run, [path], { trace }) =>
        run.withDaemon((daemon) =>
          trace === undefined ? show(daemon, run, path) : follow(daemon, run, path, trace),
        ),
      ),
    );
};

const show = async (daemon: DaemonClient, run: Invocation, path: string): Promise<void> => {
  const actor = await daemon.daemon('inspect', { path });
  run.out.one(actor, () => facts({ ...actor, current: atWork(actor) }));
};

const atWork = ({ current }: Shown): string | undefined =>
  current ? `${current.message} since ${current.since}` : undefined;

const LOOK_MS = 500;

/** Until the trace ends, which it does by itself, also when this call was interrupted. */
const follow = async (
  daemon: DaemonClient,
  run: Invocation,
  path: string,
  seconds: number,
): Promise<void> => {
  const before = await daemon.daemon('trace', { path });
  let after = before.seen;
  let trace = await daemon.daemon('trace', { path, on: true, forMs: seconds * 1_000, after });
  for (;;) {
    for (const message of trace.messages) run.out.one(message, () => lineOf(message));
    await run.out.drained();
    after = trace.messages.at(-1)?.number ?? after;
    if (!trace.isOn) return tellEnd(run, trace, before.seen);
    await run.shell.sleep(LOOK_MS);
    trace = await daemon.daemon('trace', { path, after });
  }
};

const ENDS: Readonly<Record<NonNullable<TraceView['ended']>, string>> = {
  stopped: 'the trace was ended by another one',
  time: 'the time is over',
  count: 'it has had so many messages that the trace was ended',
  gone: 'the actor is no more',
};

const tellEnd = ({ out }: Invocation, { ended, seen }: TraceView, before: number): void =>
  out.note(`${ENDS[ended ?? 'time']}; ${took(seen - before)}`);

const took = (count: number): string =>
  `${count} of its messages ${count === 1 ? 'was' : 'were'} seen`;

const lineOf = (message: TraceView['messages'][number]): string => {
  const { at, message: what, carries, waiting, tookMs, threw, exited } = message;
  const outcome =
    threw !== undefined
      ? `threw ${threw}`
      : exited !== undefined
        ? `ended: ${exited}`
        : tookMs === undefined
          ? 'under way'
          : `${tookMs.toFixed(3)} ms`;
  const behind = waiting === 0 ? '' : `  ${waiting} behind it`;
  return `${at.slice(11, 23)}  ${what}  ${outcome}${behind}  ${carries}\n`;
};
