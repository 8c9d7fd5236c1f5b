/** Verbs on a Greenroom in the same process: the same requests, replies and errors as a client's `daemon` has on the bus. */
import { codeOf } from '../../model/errors.ts';
import type { Tenant } from '../../model/ids.ts';
import { checked } from '../../model/parse.ts';
import { TraceIds } from '../../model/request-context.ts';
import type { AskDaemon } from '../verbs/api.ts';
import type { DaemonFace, DaemonWork } from '../verbs/daemon-verbs.ts';
import { DAEMON_VERBS, type DaemonReplies } from '../verbs/registry.ts';
import { perform, type Verb } from '../verbs/verb.ts';
import type { SessionsDoor } from './door.ts';
import { contextOf, type EmbeddedOptions, inTable } from './embedded.ts';

export const embeddedDaemon = (
  door: Pick<SessionsDoor, 'clock'>,
  daemon: DaemonFace,
  tenant: Tenant,
  { onInternal }: Pick<EmbeddedOptions, 'onInternal'>,
): AskDaemon => {
  const traces = new TraceIds();
  return async (name, given) => {
    const verb: Verb<DaemonWork> = DAEMON_VERBS[name];
    const request = checked(verb.request, given, verb.refusal);
    const context = contextOf(door, tenant, verb, traces);
    try {
      return (await perform(verb, { context, daemon }, request)) as DaemonReplies[typeof name];
    } catch (error) {
      if (codeOf(error) === 'internal') onInternal?.(error, name, { traceId: context.traceId });
      throw inTable(error);
    }
  };
};
