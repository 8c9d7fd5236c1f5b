/** What is wrong with a declaration is said when it is made, not when it would first matter. */
import type { AutoShutdown, ChildSpec } from './child-spec.ts';
import { OtpError } from './otp-error.ts';

const RESTARTS: readonly unknown[] = ['permanent', 'transient', 'temporary'];
const TYPES: readonly unknown[] = ['worker', 'supervisor'];

/** Throws `bad_spec`: for a child that no supervisor could have. */
export function checkChild(spec: ChildSpec, autoShutdown: AutoShutdown): void {
  const { id, type, restart, shutdownMs, significant, start } = spec;
  const wrong = (what: string) => bad(`the child ${String(id)}: ${what}`);
  if (typeof id !== 'string' || id === '') throw bad('a child needs an id that is not empty');
  if (typeof start !== 'function') throw wrong('it has no start');
  if (!TYPES.includes(type)) throw wrong(`it is neither worker nor supervisor: ${String(type)}`);
  if (!RESTARTS.includes(restart)) throw wrong(`no such restart: ${String(restart)}`);
  const bounded = typeof shutdownMs === 'number' && shutdownMs >= 0;
  if (!bounded && shutdownMs !== 'infinity' && shutdownMs !== 'brutal_kill')
    throw wrong(`shutdownMs must be milliseconds, infinity or brutal_kill: ${String(shutdownMs)}`);
  if (significant !== true) return;
  if (restart === 'permanent') throw wrong('a significant child cannot be permanent');
  if (autoShutdown === 'never') throw wrong('it is significant, and autoShutdown is never');
}

/** The same for all of a supervisor's first children, whose ids are unique. */
export function checkChildren(children: readonly ChildSpec[], autoShutdown: AutoShutdown): void {
  const ids = new Set<string>();
  for (const spec of children) {
    checkChild(spec, autoShutdown);
    if (ids.has(spec.id)) throw bad(`the child ${spec.id} is declared twice`);
    ids.add(spec.id);
  }
}

/** Throws `bad_spec`: for a restart budget that is no budget. */
export function checkBudget(maxRestarts: number, maxSeconds: number): void {
  if (!(maxRestarts >= 0)) throw bad(`maxRestarts must be at least 0: ${maxRestarts}`);
  if (!(maxSeconds > 0)) throw bad(`maxSeconds must be more than 0: ${maxSeconds}`);
}

/** Throws `bad_spec`: for a limit that nothing could stay within. */
export function checkLimit(what: string, limit: number): void {
  if (!(limit >= 1)) throw bad(`${what} must be at least 1: ${limit}`);
}

const bad = (what: string): OtpError => new OtpError('bad_spec', what);
