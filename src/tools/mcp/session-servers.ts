/**
 * The servers that single sessions have for themselves. It owns the doors to them: they are made when the session is
 * asked about, started when it is about to need them, and closed when it has not for a while.
 *
 * 1. So many servers of all sessions run at a time; for one more, those of the session that has rested longest make room.
 * 2. What is stored with a session is looked at by the daemon's rules each time: they may have changed since.
 */
import { createHash } from 'node:crypto';
import { keyString, type SessionKey } from '../../model/ids.ts';
import type { SessionServers as Written } from '../../model/mcp-servers.ts';
import type { Asker } from '../../model/per-session.ts';
import type { Clock } from '../../otp/clock.ts';
import type { OfferedTool, ToolCall } from '../../session/ports/tools.ts';
import type { Notices } from './connection.ts';
import type { Pins } from './pins.ts';
import { type Place, placesOf } from './places.ts';
import { ServerDoor } from './server-door.ts';
import type { SessionRules } from './session-rules.ts';
import type { McpServerSettings } from './settings.ts';
import { plainName } from './tool-names.ts';

/** After its last use. */
export const REST_MS = 10 * 60 * 1_000;

export interface SessionServersOptions {
  readonly rules: SessionRules;
  readonly maxServers: number;
  readonly clock: Clock;
  readonly pins: Pins;
  readonly notices: Notices;
  /** A door to what is not there is of no use: its actor finds it by its key. */
  readonly doors: Map<string, ServerDoor>;
  readonly start: (key: string) => void;
  readonly stop: (key: string) => void;
}

interface Held {
  readonly key: SessionKey;
  /** As the session has them. */
  readonly written: Written;
  readonly text: string;
  readonly doors: readonly ServerDoor[];
  isStarted: boolean;
  usedMs: number;
  tools: readonly OfferedTool[];
  places: ReadonlyMap<string, Place>;
}

export class SessionServers {
  readonly #options: SessionServersOptions;
  readonly #held = new Map<string, Held>();
  #opened = 0;

  constructor(options: SessionServersOptions) {
    this.#options = options;
  }

  /** Servers that run. */
  get size(): number {
    let size = 0;
    for (const { isStarted, doors } of this.#held.values()) if (isStarted) size += doors.length;
    return size;
  }

  /** Those that have been asked about, whether they run or not. */
  get servers(): readonly (Pick<SessionKey, 'tenant' | 'sessionId'> & { door: ServerDoor })[] {
    return [...this.#held.values()].flatMap(({ key: { tenant, sessionId }, doors }) =>
      doors.map((door) => ({ tenant, sessionId, door })),
    );
  }

  /** undefined: it has none. The same list as long as it says the same. Starts nothing. */
  toolsOf(asker: Asker): readonly OfferedTool[] | undefined {
    const held = this.#of(asker);
    return held === undefined || held.tools.length === 0 ? undefined : held.tools;
  }

  /** As `Toolbox.prepare`. */
  prepare(asker: Asker): Promise<void> | undefined {
    const held = this.#of(asker);
    if (held === undefined) return undefined;
    this.#use(held);
    const waits = held.doors.flatMap(({ isToldSoon }) => isToldSoon ?? []);
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => undefined);
  }

  placeOf({ key, name }: Pick<ToolCall, 'key' | 'name'>): Place | undefined {
    return this.#held.size === 0 ? undefined : this.#held.get(keyString(key))?.places.get(name);
  }

  /** A call is about to be given to one of its doors. */
  used(key: SessionKey): void {
    const held = this.#held.get(keyString(key));
    if (held !== undefined) this.#use(held);
  }

  /** Ends what nobody has used for long. */
  rest(): void {
    const latestMs = this.#options.clock.monotonic() - REST_MS;
    for (const [name, held] of this.#held)
      if (held.usedMs <= latestMs && !isBusy(held)) this.#close(name, held);
  }

  #of({ key, mcpServers }: Asker): Held | undefined {
    const name = keyString(key);
    const before = this.#held.size === 0 ? undefined : this.#held.get(name);
    if (before !== undefined && before.written === mcpServers) return before;
    if (mcpServers === undefined) return undefined;
    const text = JSON.stringify(mcpServers);
    if (before !== undefined && before.text === text) {
      const same: Held = Object.assign(before, { written: mcpServers });
      return same;
    }
    if (before !== undefined) this.#close(name, before);
    return this.#open(key, mcpServers, text);
  }

  #open(key: SessionKey, written: Written, text: string): Held {
    const usedMs = this.#options.clock.monotonic();
    const held: Held = {
      ...{ key, written, text, isStarted: false, usedMs, tools: [], places: new Map() },
      doors: this.#options.rules
        .settingsOf(written)
        .map((settings) => this.#doorTo(key, settings, () => this.#list(held))),
    };
    this.#held.set(keyString(key), held);
    this.#list(held);
    return held;
  }

  #doorTo({ tenant, sessionId }: SessionKey, settings: McpServerSettings, onTools: () => void) {
    const { clock, pins, notices, doors, start } = this.#options;
    this.#opened += 1; // one that is still being stopped has another key
    const key = `@${tenant}.${sessionId}.${plainName(settings.name)}.${this.#opened}`;
    const door = new ServerDoor({
      ...{ key, pinned: pinnedAs(tenant, settings), settings, clock, pins, notices },
      ...{ onTools, onWanted: start },
    });
    doors.set(key, door);
    return door;
  }

  #list(held: Held): void {
    const { tools, places } = placesOf(held.doors);
    held.places = places;
    if (JSON.stringify(tools) !== JSON.stringify(held.tools)) held.tools = tools;
  }

  #use(held: Held): void {
    held.usedMs = this.#options.clock.monotonic();
    if (held.isStarted) return;
    this.#makeRoom(held.doors.length);
    if (this.size + held.doors.length > this.#options.maxServers) {
      const why = `${this.#options.maxServers} servers of sessions run already, and all are at work`;
      for (const door of held.doors) door.tell({ kind: 'down', why });
      return;
    }
    held.isStarted = true;
    for (const { key } of held.doors) this.#options.start(key);
  }

  #makeRoom(wanted: number): void {
    const resting = [...this.#held]
      .filter(([, held]) => held.isStarted && !isBusy(held))
      .toSorted(([, one], [, other]) => one.usedMs - other.usedMs);
    for (const [name, held] of resting) {
      if (this.size + wanted <= this.#options.maxServers) return;
      this.#close(name, held);
    }
  }

  #close(name: string, held: Held): void {
    this.#held.delete(name);
    for (const door of held.doors) {
      this.#options.doors.delete(door.key);
      if (held.isStarted) this.#options.stop(door.key);
      door.tell({ kind: 'down', why: 'it was stopped' });
    }
  }
}

const isBusy = ({ doors }: Held): boolean => doors.some((door) => door.isBusy);

/** The same server for all sessions of a tenant, whatever it is given to say who asks. */
const pinnedAs = (tenant: string, { name, transport }: McpServerSettings): string => {
  const what =
    transport.type === 'stdio'
      ? [transport.command, transport.args]
      : [transport.type, transport.url];
  const digest = createHash('sha256')
    .update(JSON.stringify([name, what]))
    .digest('hex');
  return `${tenant}:${plainName(name)}:${digest.slice(0, 32)}`;
};
