/** MCP servers that are processes of their own, in a tree of their own, and a caller of their tools. */
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { defaultConfig } from '../../../src/config/config.ts';
import type { SessionKey, TurnId } from '../../../src/model/ids.ts';
import type { Clock } from '../../../src/otp/clock.ts';
import { startTree } from '../../../src/otp/supervisor.ts';
import { System } from '../../../src/otp/system.ts';
import { createLog } from '../../../src/platform/log.ts';
import type { ToolCall, ToolHandle, ToolOutcome } from '../../../src/session/ports/tools.ts';
import { type McpTools, mcpToolsName } from '../../../src/tools/mcp/mcp-tools.ts';
import { mcpServersIn } from '../../../src/tools/mcp/settings.ts';
import type { ToolRunner } from '../../../src/tools/tool/runner.ts';
import { mcp } from '../../../supervisors/mcp.ts';

const PROGRAM = fileURLToPath(new URL('./server.mjs', import.meta.url));
const packageOf = (name: string): string =>
  dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));

/** A server of the registry, as it is. */
export const everything = join(
  packageOf('@modelcontextprotocol/server-everything'),
  'dist/index.js',
);

export const folder = (): string => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'greenroom-mcp-')));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

export const tool = (name: string, more: object = {}) => ({
  ...{ name, description: `It is ${name}.`, inputSchema: { type: 'object' } },
  ...more,
});

/** The server of these tests: its tools are in a file, what it was told in another. */
export class Program {
  readonly #tools: string;
  readonly #ledger: string;

  constructor(dir: string, tools: unknown) {
    this.#tools = join(dir, 'tools.json');
    this.#ledger = join(dir, 'ledger');
    writeFileSync(this.#ledger, '');
    this.has(tools);
  }

  /** From its next start or list on. */
  has(tools: unknown): void {
    writeFileSync(this.#tools, JSON.stringify(tools));
  }

  get settings() {
    return { command: process.execPath, args: [PROGRAM, this.#tools, this.#ledger] };
  }

  get ledger(): readonly string[] {
    return readFileSync(this.#ledger, 'utf8').split('\n').filter(Boolean);
  }

  /** All that have written themselves down. */
  get pids(): readonly number[] {
    return this.ledger.flatMap((line) => {
      const [, pid] = /^started (\d+)$/.exec(line) ?? /^(\d+) sleeper$/.exec(line) ?? [];
      return pid === undefined ? [] : [Number(pid)];
    });
  }
}

let calls = 0;

export const callOf = (name: string, input: ToolCall['input'] = {}): ToolCall => {
  calls += 1;
  return {
    key: { tenant: 't', sessionId: 's' } as SessionKey,
    workingDirectory: tmpdir(),
    memory: {},
    turnId: 'turn' as TurnId,
    toolUseId: `toolu_${calls}`,
    name,
    input,
  };
};

export interface Asked {
  readonly outcome: Promise<ToolOutcome>;
  readonly handle: ToolHandle;
}

export const ask = (runner: ToolRunner, name: string, input: ToolCall['input'] = {}): Asked => {
  let handle: ToolHandle = { cancel: () => undefined };
  const outcome = new Promise<ToolOutcome>((resolve) => {
    handle = runner.start(callOf(name, input), { outcome: resolve });
  });
  return { outcome, handle };
};

export interface Running {
  readonly tools: McpTools;
  readonly dir: string;
  readonly system: System;
  /** Lines of the log. */
  readonly log: readonly string[];
  ask(name: string, input?: ToolCall['input']): Asked;
  call(name: string, input?: ToolCall['input']): Promise<ToolOutcome>;
  stop(): Promise<void>;
}

interface How {
  readonly dir?: string;
  readonly clock?: Clock;
}

/** @param mcpServers as in the file. */
export const start = async (
  mcpServers: object,
  { dir = folder(), clock }: How = {},
): Promise<Running> => {
  const file = join(dir, 'mcp.json');
  writeFileSync(file, JSON.stringify({ mcpServers }));
  const lines: string[] = [];
  const log = createLog({ write: (line) => void lines.push(line), pretty: false });
  const system = new System({
    onReport: () => undefined,
    ...(clock === undefined ? {} : { clock }),
  });
  const config = defaultConfig({ dataDir: dir }, 'a-model');
  const root = await startTree(
    system,
    mcp({ config, log, mcpServers: mcpServersIn(file), connectors: [] }),
  );
  const stop = async () => {
    if (root.alive) await system.stop(root);
  };
  onTestFinished(stop);
  const tools = system.fetch(mcpToolsName);
  return {
    ...{ tools, dir, system, log: lines, stop },
    ask: (name, input) => ask(tools, name, input),
    call: (name, input) => ask(tools, name, input).outcome,
  };
};

export const stateOf = ({ tools }: Running, at = 0): string | undefined =>
  tools.status()[at]?.state;
