/** What all sessions of a process share, as the configuration says it. */
import type { Config } from './config.ts';
import { Activity } from './session/activity.ts';
import { newContextMemory } from './session/context-memory.ts';
import type { Feed } from './session/feed.ts';
import { priceOf } from './session/pricing/price.ts';
import type { SessionRuntime } from './session/session-args.ts';
import { SessionCache } from './session/session-cache.ts';

const MINUTE_MS = 60_000;
const MB = 1024 * 1024;
/** Model calls of one turn, unless the session or the turn says otherwise. */
const MAX_STEPS = 50;

export const runtimeOf = (config: Config, feed: Feed): SessionRuntime => ({
  feed,
  cache: new SessionCache({ sessions: config.cacheSessions, bytes: config.cacheMb * MB }),
  memory: newContextMemory(),
  passivateMs: config.passivateMinutes * MINUTE_MS,
  activity: new Activity(),
  parking: new Map(),
  commits: new Map(),
  rules: {
    queuePerSession: config.queuePerSession,
    maxSteps: MAX_STEPS,
    provider: config.provider,
    defaultModel: config.model,
    retry: {
      maxRetries: config.maxRetries,
      delayMs: config.retryDelaySeconds * 1_000,
      timeoutMs: config.timeoutSeconds * 1_000,
    },
    hasPrice: (model, atMs) => priceOf(model, atMs) !== undefined,
  },
});
