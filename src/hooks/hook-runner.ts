/**
 * Runs the hooks of an event and makes one verdict of what they say: the `Hooks` that sessions ask.
 *
 * 1. The hooks of an event run side by side, each once, and each has its time, the wait for a place included.
 * 2. It never rejects. A hook that fails is in the verdict and in the log, and at a gate it is no consent.
 */

import type { SessionKey } from '../model/ids.ts';
import type { Asker, PerSession } from '../model/per-session.ts';
import { TELEMETRY } from '../model/telemetry.ts';
import type { Clock } from '../otp/clock.ts';
import { decide } from '../permissions/decide.ts';
import type { FileSystem } from '../permissions/paths.ts';
import type { Bus } from '../session/ports/bus.ts';
import type {
  HookCall,
  HookEvent,
  HookInput,
  HookRun,
  Hooks,
  HookVerdict,
} from '../session/ports/hooks.ts';
import { runCommand } from './command-hook.ts';
import type { HookCommands } from './commands/hook-commands.ts';
import { runFunction } from './functions.ts';
import { GATES, type Hook, type HookGroup, type HookTable, hooksFor } from './hook.ts';
import { runHttp } from './http.ts';
import { inputOf } from './input.ts';
import type { Modules } from './modules.ts';
import { runOverBus } from './over-bus.ts';
import { messageOf, type Run } from './runner.ts';
import { goesOnBy, verdictOf } from './verdict.ts';
import { type Outcome, type Word, wordOf } from './word.ts';

/** What is built in, each of which can be switched off. */
export interface HookSwitches {
  /** Records have what went in and came out. */
  readonly audit: boolean;
  /** Each run is told as telemetry. */
  readonly metrics: boolean;
  /** `Notification` is sent. */
  readonly notification: boolean;
  /** Configured hooks run. */
  readonly custom: boolean;
  /** false has no effect but a warning: what is acknowledged is stored. */
  readonly persistence: boolean;
}

export interface HookRunnerOptions {
  readonly clock: Clock;
  /** Asked at each event: it may be read again meanwhile. */
  readonly table: () => HookTable;
  /** Beside the table, of single sessions. */
  readonly lent?: PerSession<{ readonly hooks: HookTable }> | undefined;
  readonly switches: HookSwitches;
  readonly commands: HookCommands;
  readonly modules: Modules;
  readonly bus: () => Bus | undefined;
  /** For `if` rules about files. */
  readonly files: FileSystem;
  readonly home: string | undefined;
  readonly warn: (fields: object, message: string) => void;
}

const DEFAULT_MS = 600_000;
/** Somebody waits for an answer to what they have typed. */
const PROMPT_MS = 30_000;
const SESSION_END_MS = 1_500;
const LONGEST_SESSION_END_MS = 60_000;
/** Of what a hook said. */
const LOGGED_CHARS = 500;

interface Done {
  readonly word: Word;
  readonly run: HookRun;
}

export class HookRunner implements Hooks {
  readonly keepsBodies: boolean;
  readonly #options: HookRunnerOptions;

  constructor(options: HookRunnerOptions) {
    this.#options = options;
    this.keepsBodies = options.switches.audit;
  }

  get isOff(): string | undefined {
    const { switches, table } = this.#options;
    const groups = Object.values(table()).flat();
    const count = groups.reduce((sum, { hooks }) => sum + hooks.length, 0);
    return switches.custom || count === 0
      ? undefined
      : `ENABLE_CUSTOM_HOOKS is off: hooks that are configured (${count}) do not run`;
  }

  has(event: HookEvent, subject?: string, wanted: readonly string[] = [], asker?: Asker): boolean {
    const own = asker === undefined ? undefined : this.#options.lent?.of(asker);
    if (wanted.length > 0 && !wanted.includes(event)) return false;
    return this.#groupsOf(event, own?.hooks).some(
      ({ matcher, hooks }) => hooks.length > 0 && matcher(subject),
    );
  }

  async run(call: HookCall): Promise<HookVerdict> {
    const groups = this.#groupsOf(call.event, this.#ownOf(call.key));
    const hooks = hooksFor(groups, call.subject).filter((hook) => this.#isFor(hook, call));
    const input = inputOf(call);
    const done = await Promise.all(hooks.map((hook) => this.#one(hook, call, input)));
    return verdictOf(
      done.map(({ word }) => word),
      done.map(({ run }) => run),
    );
  }

  #groupsOf(event: HookEvent, own: HookTable = {}): readonly HookGroup[] {
    const { switches, table } = this.#options;
    const isOn = switches.custom && (event !== 'Notification' || switches.notification);
    if (!isOn) return [];
    const [all = [], lent] = [table()[event], own[event]];
    return lent === undefined ? all : [...all, ...lent];
  }

  #ownOf(key: SessionKey): HookTable | undefined {
    return this.#options.lent?.at(key)?.hooks;
  }

  /** What is not known of a call may be what the rule is about. */
  #isFor({ only }: Hook, { cwd, fields }: HookCall): boolean {
    const { tool_name: tool, tool_input: input } = fields;
    if (only === undefined || typeof tool !== 'string') return true;
    const { files, home } = this.#options;
    const asked = { tool, input: (input ?? {}) as Readonly<Record<string, unknown>> };
    return (
      decide(asked, only, { files, home, cwd, mode: 'bypassPermissions' }).decision !== 'allow'
    );
  }

  async #one(hook: Hook, call: HookCall, input: HookInput): Promise<Done> {
    if (hook.isAside) return this.#aside(hook, call, input);
    const { clock } = this.#options;
    const begun = clock.monotonic();
    const outcome = await this.#timed(hook, call, input);
    const onFailure = hook.onFailure ?? (GATES.has(call.event) ? 'block' : 'continue');
    const word = wordOf(call.event, outcome, onFailure);
    const goesOn = goesOnBy(word);
    const run: HookRun = {
      hook: hook.label,
      ended: word.ended,
      durationMs: clock.monotonic() - begun,
      goesOn,
      said: word.said,
    };
    this.#tell(hook, call, run);
    if (word.ended !== 'ok' && word.ended !== 'blocked') this.#warn(hook, call, word);
    return { word, run };
  }

  #aside(hook: Hook, call: HookCall, input: HookInput): Done {
    void this.#timed(hook, call, input).then((outcome) => {
      const { ended, said } = wordOf(call.event, outcome, 'continue');
      if (ended !== 'ok' && ended !== 'blocked') this.#warn(hook, call, { ended, said });
    });
    const word: Word = { ended: 'ok', context: [] };
    return { word, run: { hook: hook.label, ended: 'ok', durationMs: 0, goesOn: true } };
  }

  #timed(hook: Hook, call: HookCall, input: HookInput): Promise<Outcome> {
    const { clock } = this.#options;
    const timeoutMs = timeoutOf(call.event, hook.timeoutMs);
    const late = new AbortController();
    return new Promise((resolve) => {
      const timer = clock.setTimeout(() => {
        const why = `it had not ended within its ${timeoutMs / 1_000} s`;
        resolve({ kind: 'failed', ended: 'timeout', why });
        late.abort();
      }, timeoutMs);
      const run = { call, input, timeoutMs, signal: late.signal };
      void this.#start(hook, run).then((outcome) => {
        timer.cancel();
        resolve(outcome);
      });
    });
  }

  async #start(hook: Hook, asked: Omit<Run, 'json'>): Promise<Outcome> {
    const { bus, commands, modules } = this.#options;
    const { work } = hook;
    try {
      // What a function changes in its input must not change the call.
      if (work.kind === 'function')
        return await runFunction(work, { ...asked, json: '', input: structuredClone(asked.input) });
      const run: Run = { ...asked, json: JSON.stringify(asked.input) };
      switch (work.kind) {
        case 'command':
          return await runCommand(commands, work, run);
        case 'http':
          return await runHttp(work, run);
        case 'nats':
          return await runOverBus(bus, work, run);
        case 'module':
          return await modules.run(work, run);
      }
    } catch (error) {
      return { kind: 'failed', ended: 'error', why: messageOf(error) };
    }
  }

  #tell({ label, work }: Hook, { key, turnId, event }: HookCall, run: HookRun): void {
    if (!this.#options.switches.metrics || !TELEMETRY.hook.isHeard) return;
    const { ended, durationMs, goesOn } = run;
    TELEMETRY.hook.tell({
      ...{ tenant: key.tenant, sessionId: key.sessionId },
      ...(turnId === undefined ? {} : { turnId }),
      ...{ event, hook: label, kind: work.kind, ended, goesOn, durationMs },
    });
  }

  #warn(
    { label }: Hook,
    { key, turnId, event }: HookCall,
    { ended, said }: Pick<Word, 'ended' | 'said'>,
  ): void {
    const { tenant, sessionId } = key;
    const why = said?.slice(0, LOGGED_CHARS);
    const fields = { tenant, sessionId, turnId, event, hook: label, ended, why };
    this.#options.warn(fields, 'a hook has failed');
  }
}

const timeoutOf = (event: HookEvent, wanted: number | undefined): number => {
  if (event === 'SessionEnd') return Math.min(wanted ?? SESSION_END_MS, LONGEST_SESSION_END_MS);
  return wanted ?? (event === 'UserPromptSubmit' ? PROMPT_MS : DEFAULT_MS);
};
