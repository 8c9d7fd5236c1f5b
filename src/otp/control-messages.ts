/**
 * The orders that a supervisor takes from outside: start a further child, stop one, start it again, forget it. Each is a
 * call, so it waits for its turn; what a supervisor is doing already (a restart, another order) is finished first.
 */
import { systemOf } from './actor.ts';
import { checkChild } from './check-children.ts';
import { ChildSlot } from './child-slot.ts';
import type { AutoShutdown, ChildSpec } from './child-spec.ts';
import type { Call } from './message.ts';
import { OtpError } from './otp-error.ts';
import type { Process, StartResult } from './process.ts';

/** What orders change. */
export interface Family {
  /** In the order of starting. */
  readonly slots: ChildSlot[];
  /** It is to end: nothing is started any more. */
  readonly interrupted: boolean;
}

export type ControlMessage = 'startChild' | 'terminateChild' | 'restartChild' | 'deleteChild';

/** Carries out an order and answers it, with a refusal if need be; never rejects. */
export async function handleControl(
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
  switch (name as ControlMessage) {
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
  const known = family.slots.find(({ id }) => id === spec.id);
  if (known !== undefined) {
    const code = isUp(known) || isComing(known) ? 'already_started' : 'already_present';
    throw new OtpError(code, `${self.label} has a child ${spec.id}, which is ${known.status}`);
  }
  const slot = new ChildSlot(spec);
  family.slots.push(slot);
  const result = await start(self, family, slot);
  const isKept = result.kind === 'started' || (result.kind === 'ignored' && isKeptIdle(slot));
  if (!isKept) forget(family, slot);
  return processIn(result, slot);
}

async function terminateChild(self: Process, family: Family, id: string): Promise<void> {
  const slot = fetch(self, family, id);
  await slot.stop(self);
  if (!isKeptIdle(slot)) forget(family, slot);
}

async function restartChild(
  self: Process,
  family: Family,
  id: string,
): Promise<Process | undefined> {
  const slot = fetch(self, family, id);
  refuseUnlessIdle(self, slot);
  return processIn(await start(self, family, slot), slot);
}

async function deleteChild(self: Process, family: Family, id: string): Promise<void> {
  const slot = fetch(self, family, id);
  refuseUnlessIdle(self, slot);
  forget(family, slot);
}

function start(self: Process, family: Family, slot: ChildSlot): StartResult | Promise<StartResult> {
  if (family.interrupted) return { kind: 'failed', reason: 'shutdown' };
  return slot.start(systemOf(self), self);
}

function processIn(result: StartResult, { id }: ChildSlot): Process | undefined {
  if (result.kind === 'failed')
    throw new OtpError('start_failed', `${id} did not start`, { reason: result.reason });
  return result.kind === 'started' ? result.process : undefined;
}

function fetch(self: Process, { slots }: Family, id: string): ChildSlot {
  const slot = slots.find((each) => each.id === id);
  if (slot === undefined) throw new OtpError('not_found', `${self.label} has no child ${id}`);
  return slot;
}

function refuseUnlessIdle({ label }: Process, slot: ChildSlot): void {
  if (isUp(slot)) throw new OtpError('running', `${label}/${slot.id} is running`);
  if (isComing(slot)) throw new OtpError('restarting', `${label}/${slot.id} is being restarted`);
}

const isUp = ({ status }: ChildSlot): boolean => status === 'running' || status === 'stopping';
const isComing = ({ status }: ChildSlot): boolean =>
  status === 'starting' || status === 'restarting';

/** A temporary child that is not there is no child. */
const isKeptIdle = ({ spec }: ChildSlot): boolean => spec.restart !== 'temporary';

const forget = ({ slots }: Family, slot: ChildSlot): void =>
  void slots.splice(slots.indexOf(slot), 1);
