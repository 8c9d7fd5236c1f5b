/** What every session actor is given: its key, and what all sessions of a daemon share. */

import type { SessionKey } from '../../model/ids.ts';
import type { TurnError } from '../../model/turn.ts';
import type { ChurnMap } from '../../platform/churn-map.ts';
import type { Feed } from '../events/feed.ts';
import type { TurnTrails } from '../events/turn-trails.ts';
import type { Rules } from '../machine/rules.ts';
import type { ContextMemory } from '../memory/context-memory.ts';
import type { PermissionGround } from '../tools/judge.ts';
import type { Activity } from './activity.ts';
import type { SessionCache } from './session-cache.ts';
import type { TurnPlaces } from './turn-places.ts';

export interface SessionRuntime {
  readonly rules: Rules;
  readonly feed: Feed;
  /** Where each of the last turns was, and when. */
  readonly trails: TurnTrails;
  readonly cache: SessionCache;
  readonly memory: ContextMemory;
  readonly activity: Activity;
  /** Whose turns go on, where more want to than may. */
  readonly places: TurnPlaces;
  /** By what tool calls are judged, besides a session's own settings. */
  readonly permissions: PermissionGround;
  /** Folder in which a session that names no working directory has one. */
  readonly workspaces: string;
  /** Idle time after which a session goes back to the green room; default 5 minutes. */
  readonly passivateMs: number;
  /** Sessions that ran out of their restart budget, with the reason, until they have written it down. */
  readonly parking: Map<string, TurnError>;
  /** Commits in flight. They outlive the actor that made them: the next one begins after them. */
  readonly commits: ChurnMap<string, Promise<void>>;
}

export interface SessionArgs {
  readonly key: SessionKey;
  readonly runtime: SessionRuntime;
}
