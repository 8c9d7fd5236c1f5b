/** A store without a daemon: the truth and the sessions that write it, for programs that want no model and no bus. */
import type { ChildSpec } from '../src/otp/child-spec.ts';
import { registry } from '../src/otp/registry.ts';
import { supervisor } from '../src/otp/supervisor.ts';
import { liveName } from '../src/session/actor/live-names.ts';
import type { Parts } from './parts.ts';
import { sessionSupervisor } from './session.ts';
import { storage } from './storage.ts';

export type StoreParts = Pick<
  Parts,
  'config' | 'log' | 'testHooks' | 'onFatal' | 'runtime' | 'sessions'
>;

export const store = (parts: StoreParts): ChildSpec =>
  supervisor({
    id: 'store',
    strategy: 'rest_for_one',
    maxRestarts: 3,
    maxSeconds: 5,
    children: [
      storage(parts), // the truth
      registry({ id: 'registry', name: liveName }), // who is live
      sessionSupervisor(parts), // one writer per session; an unfinished turn stays as it is
    ],
  });
