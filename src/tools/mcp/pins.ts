/**
 * What servers said of their tools when these were first seen (`mcp-tools.json` of the data directory; of sessions' own
 * servers `mcp-session-tools.json`). It owns the file.
 *
 * 1. A definition that has changed since is not taken, until a person has accepted it: the person who allowed the tool
 *    had read the earlier one.
 * 2. A tool that goes and comes back is compared with what it was.
 * 3. What a server had last is offered from the start, before the server is there.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../config/config-error.ts';
import { makeFolderSync } from '../../platform/make-folder.ts';
import { Definition } from './definitions.ts';

const Pin = z.strictObject({ ...Definition.shape, isListed: z.boolean() });
type Pin = Readonly<z.infer<typeof Pin>>;

const PinsFile = z.strictObject({
  servers: z.record(z.string(), z.array(Pin)),
});

/** Pins of one server, with those of tools that it had once. */
const MAX_PINS = 1_024;

export interface Compared {
  /** As they were at first sight. */
  readonly offered: readonly Definition[];
  /** Names of those that say something else now. */
  readonly changed: readonly string[];
  /** Names of those never seen before. */
  readonly added: readonly string[];
}

export class Pins {
  readonly #file: string | undefined;
  readonly #servers: Map<string, ReadonlyMap<string, Pin>>;

  readonly #maxServers: number;

  /**
   * @param folder undefined: nothing is kept. @param maxServers of more, what was learnt longest ago is forgotten. Throws
   * `ConfigError` when the file is there and cannot be read.
   */
  constructor(folder: string | undefined, name = 'mcp-tools.json', maxServers = Infinity) {
    this.#maxServers = maxServers;
    this.#file = folder === undefined ? undefined : join(folder, name);
    this.#servers = new Map(this.#file === undefined ? [] : serversIn(this.#file));
  }

  /** What a server had last. */
  listed(server: string): readonly Definition[] {
    return [...this.#pinsOf(server).values()].filter(({ isListed }) => isListed).map(definitionIn);
  }

  /** What a tool said at first sight, or when it was accepted last. */
  pinOf(server: string, tool: string): Definition | undefined {
    const pin = this.#pinsOf(server).get(tool);
    return pin && definitionIn(pin);
  }

  compare(server: string, said: readonly Definition[]): Compared {
    const pins = this.#pinsOf(server);
    const same = said.filter(({ tool, hash }) => pins.get(tool)?.hash === hash);
    const fresh = said.filter(({ tool }) => !pins.has(tool));
    const changed = said.filter(({ tool, hash }) => (pins.get(tool)?.hash ?? hash) !== hash);
    const added = fresh.slice(0, Math.max(0, MAX_PINS - pins.size));
    const offered = [...same, ...added];
    this.#keep(server, pins, offered);
    return { offered, changed: changed.map(({ tool }) => tool), added: added.map(namesOf) };
  }

  /** A person has read what the tool says now. */
  accept(server: string, definition: Definition): void {
    const pins = new Map(this.#pinsOf(server));
    this.#store(server, pins.set(definition.tool, { ...definition, isListed: true }));
  }

  #keep(server: string, pins: ReadonlyMap<string, Pin>, offered: readonly Definition[]): void {
    const unlisted = [...pins.values()].map((pin) => ({ ...pin, isListed: false }));
    const listed = offered.map((definition) => ({ ...definition, isListed: true }));
    const next = new Map([...unlisted, ...listed].map((pin) => [pin.tool, pin] as const));
    if (!isAlike(pins, next)) this.#store(server, next);
  }

  #pinsOf(server: string): ReadonlyMap<string, Pin> {
    return this.#servers.get(server) ?? new Map();
  }

  #store(server: string, pins: ReadonlyMap<string, Pin>): void {
    this.#servers.delete(server); // the newest stands last
    this.#servers.set(server, pins);
    const [oldest] = this.#servers.keys();
    if (this.#servers.size > this.#maxServers && oldest !== undefined) this.#servers.delete(oldest);
    if (this.#file === undefined) return;
    const servers = [...this.#servers].map(([name, ofServer]) => [name, [...ofServer.values()]]);
    writeWhole(this.#file, JSON.stringify({ servers: Object.fromEntries(servers) }, undefined, 1));
  }
}

const namesOf = ({ tool }: Definition): string => tool;

const definitionIn = ({ tool, description, inputSchema, effect, hash }: Pin): Definition => ({
  ...{ tool, description, inputSchema, effect, hash },
});

const isAlike = (pins: ReadonlyMap<string, Pin>, others: ReadonlyMap<string, Pin>): boolean =>
  pins.size === others.size &&
  [...others].every(([tool, { hash, isListed, effect }]) => {
    const pin = pins.get(tool);
    return pin?.hash === hash && pin.isListed === isListed && pin.effect === effect;
  });

const serversIn = (file: string): [string, ReadonlyMap<string, Pin>][] => {
  try {
    const { servers } = PinsFile.parse(JSON.parse(readFileSync(file, 'utf8')));
    return Object.entries(servers).map(([name, pins]) => [
      name,
      new Map(pins.map((pin) => [pin.tool, pin])),
    ]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new ConfigError(
      `${file} cannot be read: remove it, and what the MCP servers say of their tools next is taken as new`,
      { cause: error },
    );
  }
};

/** It must not be empty after a power cut: then changed tools would pass as new ones. */
const writeWhole = (file: string, text: string): void => {
  makeFolderSync(dirname(file));
  const descriptor = openSync(`${file}.new`, 'w', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(`${file}.new`, file);
};
