/**
 * Supervisors with a literal list of children, and the root of a tree. What they do is in `supervisor-program.ts`, how
 * their children are changed while they run in `administration.ts`.
 */
import { spawn } from './actor.ts';
import { ChildSlot } from './child-slot.ts';
import type { ChildSpec } from './child-spec.ts';
import type { ExitReason } from './exit-reason.ts';
import { OtpError } from './otp-error.ts';
import type { ActorRef } from './ref.ts';
import type { SupervisorOptions } from './supervisor-options.ts';
import { SupervisorProgram } from './supervisor-program.ts';
import type { System } from './system.ts';

export { type ChildInfo, whichChildren } from './child-info.ts';
export type { Strategy, SupervisorOptions } from './supervisor-options.ts';

/** Declares a supervisor: the child of another one, or the root (`startTree`). Throws `bad_spec`. */
export function supervisor(options: SupervisorOptions): ChildSpec {
  const program = new SupervisorProgram(options);
  return {
    id: options.id,
    type: 'supervisor',
    restart: options.restart ?? 'permanent',
    shutdownMs: options.shutdownMs ?? 'infinity',
    significant: options.significant,
    start: (system, place) =>
      spawn(system, program, {
        id: options.id,
        ...place,
        initTimeoutMs: Number.POSITIVE_INFINITY,
        registeredAs: options.name?.key,
      }),
  };
}

/** The root of a running tree. */
export interface SupervisorRef extends ActorRef {
  /** Resolves with the reason when the root is gone: it has no supervisor that would restart it. */
  readonly exited: Promise<ExitReason>;
}

/**
 * Starts a tree; resolves when every child is up. Rejects `start_failed`: then nothing of it is left. A `signal` that is
 * aborted before gives the start up and undoes it in order.
 */
export async function startTree(
  system: System,
  spec: ChildSpec,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<SupervisorRef> {
  const slot = new ChildSlot(spec);
  const giveUp = () => slot.process?.signalExit('shutdown');
  signal?.addEventListener('abort', giveUp);
  const result = await spec.start(system, { parent: undefined, slot });
  signal?.removeEventListener('abort', giveUp);
  switch (result.kind) {
    case 'started':
      return result.process;
    case 'ignored':
      throw new OtpError('ignored', `${spec.id} is not wanted`);
    case 'failed':
      throw new OtpError('start_failed', `${spec.id} did not start`, { reason: result.reason });
  }
}
