/**
 * The orders that a supervisor takes from outside: start a further child, stop one, start it again, forget it. Each is a
 * call, so it waits for its turn; what a supervisor is doing already (a restart, another order) is finished first.
 */
import { systemOf } from './actor.ts';
import { checkChild } from './check-children.ts';
import type { AutoShutdown, ChildSpec } from './child-spec.ts';
import type { Call } from './message.ts';
import { OtpError } from './otp-error.ts';
import type { Process, StartResult } from './process.ts';
import { ChildSeat } from './seat.ts';

/** What orders change. */
export interface Family {
  /** In the order of starting. */
  readonly seats: ChildSeat[];
  /** It is to end: nothing is started any more. */
  readonly interrupted: boolean;
}

export type Order = 'startChild' | 'terminateChild' | 'restartChild' | 'deleteChild';

/** Carries out an order and answers it, with a refusal if need be; never rejects. */
export async function obey(
  self: Process,
  family: Family,
  call: Call,
  autoShutdown: AutoShutdown,
): Promise<void> {
  call.owe(); // should the supervisor die meanwhile
  try {
    call.reply(await carryOut(self, family, call, autoShutdown));
  } catch (error) {
    call.fail(error);
  }
}

function carryOut(
  self: Process,
  family: Family,
  { name, payload }: Call,
  autoShutdown: AutoShutdown,
): Promise<unknown> {
  switch (name as Order) {
    case 'startChild':
      return startChild(self, family, payload as ChildSpec, autoShutdown);
    case 'terminateChild':
      return terminateChild(self, family, payload as string);
    case 'restartChild':
      return restartChild(self, family, payload as string);
    case 'deleteChild':
      return deleteChild(self, family, payload as string);
    default:
      throw new OtpError('unknown_call', `${self.label} is a supervisor and knows no call ${name}`);
  }
}

async function startChild(
  self: Process,
  family: Family,
  spec: ChildSpec,
  autoShutdown: AutoShutdown,
): Promise<Process | undefined> {
  checkChild(spec, autoShutdown);
  const known = family.seats.find(({ id }) => id === spec.id);
  if (known !== undefined) {
    const code = isUp(known) || isComing(known) ? 'already_started' : 'already_present';
    throw new OtpError(code, `${self.label} has a child ${spec.id}, which is ${known.status}`);
  }
  const seat = new ChildSeat(spec);
  family.seats.push(seat);
  const result = await start(self, family, seat);
  const isKept = result.kind === 'started' || (result.kind === 'ignored' && isKeptIdle(seat));
  if (!isKept) forget(family, seat);
  return processIn(result, seat);
}

async function terminateChild(self: Process, family: Family, id: string): Promise<void> {
  const seat = fetch(self, family, id);
  await seat.stop(self);
  if (!isKeptIdle(seat)) forget(family, seat);
}

async function restartChild(
  self: Process,
  family: Family,
  id: string,
): Promise<Process | undefined> {
  const seat = fetch(self, family, id);
  refuseUnlessIdle(self, seat);
  return processIn(await start(self, family, seat), seat);
}

async function deleteChild(self: Process, family: Family, id: string): Promise<void> {
  const seat = fetch(self, family, id);
  refuseUnlessIdle(self, seat);
  forget(family, seat);
}

function start(self: Process, family: Family, seat: ChildSeat): StartResult | Promise<StartResult> {
  if (family.interrupted) return { kind: 'failed', reason: 'shutdown' };
  return seat.start(systemOf(self), self);
}

function processIn(result: StartResult, { id }: ChildSeat): Process | undefined {
  if (result.kind === 'failed')
    throw new OtpError('start_failed', `${id} did not start`, { reason: result.reason });
  return result.kind === 'started' ? result.process : undefined;
}

function fetch(self: Process, { seats }: Family, id: string): ChildSeat {
  const seat = seats.find((each) => each.id === id);
  if (seat === undefined) throw new OtpError('not_found', `${self.label} has no child ${id}`);
  return seat;
}

function refuseUnlessIdle({ label }: Process, seat: ChildSeat): void {
  if (isUp(seat)) throw new OtpError('running', `${label}/${seat.id} is running`);
  if (isComing(seat)) throw new OtpError('restarting', `${label}/${seat.id} is being restarted`);
}

const isUp = ({ status }: ChildSeat): boolean => status === 'running' || status === 'stopping';
const isComing = ({ status }: ChildSeat): boolean =>
  status === 'starting' || status === 'restarting';

/** A temporary child that is not there is no child. */
const isKeptIdle = ({ spec }: ChildSeat): boolean => spec.restart !== 'temporary';

const forget = ({ seats }: Family, seat: ChildSeat): void => {
  const at = seats.indexOf(seat);
  if (at !== -1) seats.splice(at, 1);
};
