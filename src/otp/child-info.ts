/** The children of a supervisor, seen from outside: values, made when they are asked for. */

import { ChildSlot } from './child-slot.ts';
import type { ChildSpec } from './child-spec.ts';
import { OtpError } from './otp-error.ts';
import type { Process, Slot } from './process.ts';
import type { ActorRef } from './ref.ts';
import { processOf } from './system.ts';

export interface ChildInfo {
  readonly id: string;
  readonly kind: 'worker' | 'supervisor';
  readonly status: Slot['status'];
  readonly ref: ActorRef | undefined;
}

export interface ChildCounts {
  /** Places, taken or not. */
  readonly specs: number;
  /** Children that are alive. */
  readonly active: number;
  /** Places of supervisors, taken or not. */
  readonly supervisors: number;
  readonly workers: number;
}

const slotsOf = (process: Process): Iterable<Slot> => process.program.slots?.(process) ?? [];

/** The children of a supervisor in the order of their declaration, as they are now. */
export function whichChildren(ref: ActorRef): readonly ChildInfo[] {
  return [...slotsOf(processOf(ref))].map(({ id, kind, status, process: child }) => ({
    id,
    kind,
    status,
    ref: child?.alive ? child : undefined,
  }));
}

/** How many there are of what. */
export function countChildren(ref: ActorRef): ChildCounts {
  const children = whichChildren(ref);
  const supervisors = children.filter(({ kind }) => kind === 'supervisor').length;
  return {
    specs: children.length,
    active: children.filter((child) => child.ref !== undefined).length,
    supervisors,
    workers: children.length - supervisors,
  };
}

/** The declaration that a child is started from. Throws `not_found`. */
export function childSpecOf(ref: ActorRef, id: string): ChildSpec {
  const process = processOf(ref);
  for (const slot of slotsOf(process)) {
    if (slot.id === id && slot instanceof ChildSlot) return slot.spec;
  }
  throw new OtpError('not_found', `${process.label} has no child ${id}`);
}
