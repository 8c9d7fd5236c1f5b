/** What the configuration decides for every session. */
import type { Budget, Payer } from '../../model/budget.ts';
import type { Provider } from '../../model/entry.ts';
import type { Asker } from '../../model/per-session.ts';
import type { ContextRules } from '../context/window.ts';
import type { ModelStep } from '../ports/executor.ts';
import type { HookEvent } from '../ports/hooks.ts';

export interface Rules {
  /** Most open turns of a session. */
  readonly queuePerSession: number;
  /** Model calls of one turn, unless the session or the turn says otherwise. */
  readonly maxSteps: number;
  /** Who answers model calls in this daemon. */
  readonly provider: Provider;
  readonly defaultModel: string;
  /** How long a tool call waits for a person before it is denied, unless the session says otherwise; absent: for as long as it takes. */
  readonly approvalMs?: number | undefined;
  /** How model calls are retried, unless the session says otherwise. */
  readonly retry: ModelStep['retry'];
  /** Whether the end of each turn is audited, because other programs are notified of it; default false. */
  readonly auditsTurns?: boolean;
  /** Whether audit records hold what went into tools and what hooks said; default true. */
  readonly keepsBodies?: boolean;
  /** Turns of one owner that run at a time; absent: there is no limit. */
  readonly ownerTurns?: {
    readonly interactive?: number | undefined;
    readonly background?: number | undefined;
  };
  /** How often the counters of a session at work are noted besides each turn's end; absent: its series is not kept. */
  readonly snapshotMs?: number | undefined;
  /** Bytes of definitions beyond which tools that may be are loaded when they are searched for; absent: never. */
  readonly deferToolsBytes?: number | undefined;
  /** How sessions stay within the window of their model, unless they say otherwise; default: `USUAL_CONTEXT`. */
  readonly context?: ContextRules | undefined;
  /** Whether the API is asked why its cache did not do; default false. */
  readonly diagnosesCache?: boolean;
  /**
   * Whether hooks are to be asked at that event; `wanted`: those of the session's own list, absent or empty: all.
   * Absent: no hooks are configured.
   */
  wantsHook?:
    | ((event: HookEvent, wanted: readonly string[] | undefined, asker: Asker) => boolean)
    | undefined;
  /** Whether the model has a price at that time: money limits need one. */
  hasPrice(model: string, atMs: number): boolean;
  /** Whether answers are priced; default true. */
  readonly keepsCosts?: boolean;
  /** The most that a model call costs, in nano-dollars; null: no price is known. Absent: none ever is. */
  mostOf?:
    | ((
        tokens: { readonly inputTokens: number; readonly outputTokens: number },
        model: string,
        atMs: number,
      ) => number | null)
    | undefined;
  /** Which budgets there are; absent: none but sessions' own. */
  budgets?: BudgetsInForce | undefined;
}

/** The budgets of all tenants, as they are just now. */
export interface BudgetsInForce {
  /** Whether any holds for it, its own aside. */
  holdFor(payer: Payer): boolean;
  /** Those that do, its own included. */
  of(payer: Payer): readonly Budget[];
}
