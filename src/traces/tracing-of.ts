/** The spans that a configuration asks for. */
import type { Config } from '../config/config.ts';
import type { Clock } from '../otp/clock.ts';
import type { Log } from '../platform/log.ts';
import { version } from '../platform/version.ts';
import { loadApi } from './api.ts';
import { Tracing } from './tracing.ts';

/** undefined: none are wanted, or they cannot be made, which is in the log. */
export const tracingOf = async (
  wanted: Config['traces'],
  { log, clock }: { readonly log: Log; readonly clock: Clock },
  load = loadApi,
): Promise<Tracing | undefined> => {
  if (wanted === 'off') return undefined;
  const api = await load();
  if (api === undefined) {
    const next = 'npm install @opentelemetry/api, and an SDK that registers a provider';
    log.warn(
      { next },
      'GREENROOM_TRACES is set, and @opentelemetry/api is not installed: no spans',
    );
    return undefined;
  }
  return new Tracing(api, {
    ...{ version, clock },
    withContent: wanted === 'content',
    onError: (error) => log.error({ err: error }, 'a span could not be made'),
  });
};
