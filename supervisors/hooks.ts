/** What runs hooks. Looked up by name: while it is away a gate stays closed, and nothing else waits for it. */
import { join } from 'node:path';
import type { HookTable } from '../src/hooks/hook.ts';
import { hooksServer } from '../src/hooks/hooks-server.ts';
import type { Parts } from './parts.ts';

/** @param table all that is configured, checked before it is in force. @param home absolute; of this user. */
export const hooks = (
  { config, log, lent }: Pick<Parts, 'config' | 'log' | 'lent'>,
  table: () => HookTable,
  home: string | undefined,
) =>
  hooksServer({
    table,
    lent,
    switches: {
      audit: config.auditHook === 'on',
      metrics: config.metricsHook === 'on',
      notification: config.notificationHook === 'on',
      custom: config.customHooks === 'on',
      persistence: config.persistenceHook === 'on',
    },
    traceFolder: config.store === 'memory:' ? undefined : join(config.dataDir, 'hooks'),
    home,
    notices: log,
  });
