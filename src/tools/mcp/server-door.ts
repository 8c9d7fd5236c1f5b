/**
 * A server as its callers see it, whether it is there or not. It outlives the server's actor, which tells it how things
 * stand; it owns the list of the server's tools and the calls that wait.
 *
 * 1. Tools stay listed while the server is away: a list that comes and goes would cost each session its prompt cache.
 * 2. A call waits for a server that is starting, so long as that may take; one that is down answers so at once. A server on the web
 *    that has forgotten us is connected to again, and the call is made there once more: it was not begun.
 * 3. So many calls of one server are under way or wait at a time; one more is refused.
 */
import type { Clock } from '../../otp/clock.ts';
import type { Tell } from '../results/telling.ts';
import { failed } from '../tool/outcome.ts';
import { type Connection, type Notices, START_MS } from './connection.ts';
import { type Definition, definitionsOf, type SaidTool } from './definitions.ts';
import { beginCall, type WantedCall } from './mcp-call.ts';
import type { Pins } from './pins.ts';
import type { McpServerSettings } from './settings.ts';

const MAX_CALLS = 256;
/** Longer than a start may take: for a server whose actor does not even start. */
const WAIT_MS = START_MS + 5_000;

export type DoorState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'connected'; readonly connection: Connection }
  /** It will be started again, if not too often already. */
  | { readonly kind: 'down'; readonly why: string };

export interface DoorOptions {
  /** Among all servers that run: its actor's. Default: its name. */
  readonly key?: string;
  /** What its tools said is kept under this name. Default: its name. */
  readonly pinned?: string;
  readonly settings: McpServerSettings;
  readonly clock: Clock;
  readonly pins: Pins;
  readonly notices: Notices;
  /** The list of tools is another one. */
  readonly onTools: () => void;
  /** A call wants it while it is down. */
  readonly onWanted: (key: string) => void;
}

export class ServerDoor {
  readonly settings: McpServerSettings;
  readonly key: string;
  readonly pinned: string;
  readonly #options: DoorOptions;
  #state: DoorState = { kind: 'starting' };
  #offered: readonly Definition[];
  /** What changed tools say now. */
  #changed: ReadonlyMap<string, Definition> = new Map();
  readonly #waiting = new Set<() => void>();
  #calls = 0;
  #hasTold = false;

  constructor(options: DoorOptions) {
    const { settings, key = settings.name, pinned = settings.name } = options;
    this.settings = settings;
    this.key = key;
    this.pinned = pinned;
    this.#options = options;
    this.#offered = options.pins.listed(pinned);
  }

  get state(): DoorState {
    return this.#state;
  }

  /** Calls of it are under way, or wait. */
  get isBusy(): boolean {
    return this.#calls > 0;
  }

  /** Settles when it has told for the first time how things stand, or that takes too long. undefined: it has, or its tools are known. */
  get isToldSoon(): Promise<void> | undefined {
    if (this.#hasTold || this.#offered.length > 0) return undefined;
    return new Promise((resolve) => {
      const go = () => {
        this.#waiting.delete(go);
        timer.cancel();
        this.#hasTold = true;
        resolve();
      };
      const timer = this.#options.clock.setTimeout(go, WAIT_MS);
      this.#waiting.add(go);
    });
  }

  get offered(): readonly Definition[] {
    return this.#offered;
  }

  /** Withheld until they are accepted. */
  get changed(): readonly string[] {
    return [...this.#changed.keys()].toSorted();
  }

  tell(state: DoorState): void {
    this.#state = state;
    if (state.kind === 'starting') return;
    this.#hasTold = true;
    for (const go of [...this.#waiting]) go();
  }

  /** The server has said what its tools are. */
  take(said: readonly SaidTool[]): void {
    const { pins, notices, onTools } = this.#options;
    const server = this.key;
    const { definitions, refused } = definitionsOf(said);
    const { offered, changed, added } = pins.compare(this.pinned, definitions);
    for (const why of refused) notices.warn({ server, why }, 'a tool of an MCP server is left out');
    if (added.length > 0)
      notices.info({ server, tools: added }, 'tools of an MCP server are taken at first sight');
    if (changed.length > 0)
      notices.warn(
        { server, tools: changed },
        'tools of an MCP server say something else than at first sight: they are withheld until they are accepted',
      );
    const isChanged = new Set(changed);
    this.#changed = new Map(
      definitions.flatMap((one) => (isChanged.has(one.tool) ? [[one.tool, one] as const] : [])),
    );
    this.#offered = offered;
    onTools();
  }

  /** What a changed tool said at first sight, and says now. */
  changedTool(tool: string): { readonly before: Definition; readonly now: Definition } | undefined {
    const now = this.#changed.get(tool);
    const before = now && this.#options.pins.pinOf(this.pinned, tool);
    return now === undefined || before === undefined ? undefined : { before, now };
  }

  /** A person has read what a changed tool says now. False: it has not changed. */
  accept(tool: string, by?: string): boolean {
    const definition = this.#changed.get(tool);
    if (definition === undefined) return false;
    const { pins, notices, onTools } = this.#options;
    pins.accept(this.pinned, definition);
    this.#changed = new Map([...this.#changed].filter(([name]) => name !== tool));
    this.#offered = [...this.#offered, definition];
    notices.info({ server: this.key, tool, by }, 'a changed tool of an MCP server is accepted');
    onTools();
    return true;
  }

  /** Gives how to cancel it. */
  begin(wanted: WantedCall, tell: Tell): () => void {
    const { name } = this.settings;
    if (this.#calls >= MAX_CALLS) {
      tell(failed(`${MAX_CALLS} calls of the server ${name} are under way: try again later.`));
      return () => undefined;
    }
    this.#calls += 1;
    let isOver = false;
    const over: Tell = (outcome) => {
      if (!isOver) this.#calls -= 1;
      isOver = true;
      tell(outcome);
    };
    return this.#state.kind === 'starting' ? this.#wait(wanted, over) : this.#go(wanted, over);
  }

  #wait(wanted: WantedCall, tell: Tell): () => void {
    let cancel = () => {
      this.#waiting.delete(go);
      timer.cancel();
      tell({ type: 'cancelled' });
    };
    const go = () => {
      this.#waiting.delete(go);
      timer.cancel();
      cancel = this.#go(wanted, tell);
    };
    const timer = this.#options.clock.setTimeout(go, WAIT_MS);
    this.#waiting.add(go);
    return () => cancel();
  }

  /** Waits for another connection than this one. */
  #waitForOther(connection: Connection, wanted: WantedCall, tell: Tell): () => void {
    const isOther = () => this.#state.kind === 'connected' && this.#state.connection !== connection;
    let cancel = () => {
      this.#waiting.delete(look);
      timer.cancel();
      tell({ type: 'cancelled' });
    };
    const go = () => {
      this.#waiting.delete(look);
      timer.cancel();
      cancel = this.#go(wanted, tell, false);
    };
    const look = () => {
      if (isOther()) go();
    };
    const timer = this.#options.clock.setTimeout(go, WAIT_MS);
    this.#waiting.add(look);
    look();
    return () => cancel();
  }

  #go(wanted: WantedCall, tell: Tell, mayGoAgain = true): () => void {
    const { settings } = this;
    const state = this.#state;
    if (state.kind === 'connected') {
      const { clock } = this.#options;
      const { connection } = state;
      const again = () => {
        cancel = this.#waitForOther(connection, wanted, tell);
      };
      const ground = { settings, clock, connection };
      let cancel = beginCall(wanted, ground, tell, mayGoAgain ? again : undefined);
      return () => cancel();
    }
    if (state.kind === 'down') this.#options.onWanted(this.key);
    const why = state.kind === 'starting' ? 'it is starting' : state.why;
    tell(failed(`The server ${settings.name} is down: ${why}`));
    return () => undefined;
  }
}
