/** Where live sessions are found: the registry of their actors, and the supervisor that starts them. */
import type { DynamicRef } from '../../otp/dynamic-supervisor.ts';
import { nameOf } from '../../otp/name.ts';
import type { Ref } from '../../otp/ref.ts';
import type { RegistryFace } from '../../otp/registry.ts';
import type { SessionProtocol } from './session-protocol.ts';

export type SessionRef = Ref<SessionProtocol>;

/** Keys are `keyString`s. */
export const liveName = nameOf<RegistryFace<string, SessionRef>>('sessions.registry');
export const sessionSupervisorName = nameOf<DynamicRef<string, SessionRef>>('sessions.supervisor');
