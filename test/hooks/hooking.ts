/** The hooks' actor in a system of its own, with real processes and threads. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { mergeTables } from '../../src/hooks/hook.ts';
import type { HookSwitches } from '../../src/hooks/hook-runner.ts';
import { type HooksArgs, hooksServer, hooksServerName } from '../../src/hooks/hooks-server.ts';
import { hooksOf, hooksOfFunctions } from '../../src/hooks/settings.ts';
import type { SessionId, SessionKey, Tenant, TurnId } from '../../src/model/ids.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import {
  type HookCall,
  type HookEvent,
  type HookFunctions,
  type Hooks,
  hooksName,
} from '../../src/session/ports/hooks.ts';

export interface Hooking {
  /** A working directory, for scripts and what they write. */
  readonly dir: string;
  readonly system: System;
  readonly hooks: Hooks;
  readonly warnings: (readonly [fields: Record<string, unknown>, message: string])[];
  readonly status: () => Promise<{
    readonly pid?: number | undefined;
    readonly running: number;
    readonly waiting: number;
    readonly threads: number;
  }>;
  readonly stop: () => Promise<void>;
  call(event: HookEvent, fields?: Record<string, unknown>, more?: Partial<HookCall>): HookCall;
}

export const ALL_ON: HookSwitches = {
  ...{ audit: true, metrics: true, notification: true, custom: true, persistence: true },
};

export interface Wanted extends Partial<Omit<HooksArgs, 'table' | 'notices'>> {
  /** Of the form of the settings file. */
  readonly events?: Record<string, unknown>;
  readonly functions?: HookFunctions;
  readonly dir?: string;
}

export const folder = (): string => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'greenroom-hooks-')));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

export const script = (dir: string, name: string, text: string): string => {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, name);
  writeFileSync(path, text, { mode: 0o755 });
  return path;
};

const KEY = { tenant: 't' as Tenant, sessionId: 's1' as SessionId } satisfies SessionKey;

export const startHooks = async (wanted: Wanted = {}): Promise<Hooking> => {
  const { events = {}, functions = {}, dir = folder(), ...more } = wanted;
  const system = new System();
  const warnings: Hooking['warnings'] = [];
  const table = mergeTables(
    hooksOf({ hooks: events }, dir, { env: {} }),
    hooksOfFunctions(functions),
  );
  const child = hooksServer({
    table: () => table,
    switches: ALL_ON,
    traceFolder: join(dir, 'trace'),
    home: dir,
    ...more,
    notices: {
      warn: (fields, message) => void warnings.push([fields as Record<string, unknown>, message]),
    },
  });
  const tree = await startTree(
    system,
    supervisor({ id: 'root', strategy: 'one_for_one', children: [child] }),
  );
  const stop = async () => {
    if (tree.alive) await system.stop(tree);
  };
  onTestFinished(stop);
  return {
    ...{ dir, system, warnings, stop },
    hooks: system.fetch(hooksName),
    status: () => system.fetch(hooksServerName).call('status'),
    call: (event, fields = {}, other = {}) => ({
      event,
      key: KEY,
      turnId: 'turn-1' as TurnId,
      cwd: dir,
      permissionMode: 'default',
      subject: fields['tool_name'] as string | undefined,
      fields,
      ...other,
    }),
  };
};

/** One group for all subjects. */
export const command = (text: string, more: object = {}) => [
  { hooks: [{ type: 'command', command: text, ...more }] },
];

export const bash = (text: string) => ({
  tool_name: 'Bash',
  tool_input: { command: text },
  tool_use_id: 'toolu_1',
});
