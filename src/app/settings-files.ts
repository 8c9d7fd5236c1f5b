/**
 * The files that the configuration names: read as one, when the daemon starts and when it is asked to read them again,
 * and looked through for faults without a daemon.
 */
import { accessSync, constants } from 'node:fs';
import type { Config } from '../config/config.ts';
import type { Connector } from '../executor/models/wire.ts';
import type { HookTable } from '../hooks/hook.ts';
import { hooksIn } from '../hooks/settings.ts';
import { type Rule, rulesIn } from '../housekeeping/retention-rules.ts';
import { type Target, targetsIn } from '../notifications/settings.ts';
import { systemClock } from '../otp/system-clock.ts';
import { NO_RULES, type RuleSet } from '../permissions/rule-set.ts';
import { type AgentType, agentTypesIn } from '../tools/agents/agent-types.ts';
import { connectorsIn, type McpServerSettings, mcpServersIn } from '../tools/mcp/settings.ts';
import { namesOf, ownTools } from '../tools/own/own-tools.ts';
import { daemonRules } from './permission-rules.ts';

export interface SettingsFiles {
  readonly hooks: HookTable;
  readonly rules: RuleSet;
  readonly mcpServers: readonly McpServerSettings[];
  readonly connectors: readonly Connector[];
  readonly agentTypes: readonly AgentType[];
  readonly retentionRules: readonly Rule[];
  readonly targets: readonly Target[];
}

type Readers = { readonly [K in keyof SettingsFiles]: () => SettingsFiles[K] };

const orElse = <T>(file: string | undefined, read: (file: string) => T, otherwise: T): T =>
  file === undefined ? otherwise : read(file);

/** @param toolNames of tools that are not built in: rules may name them. */
const readersOf = (config: Config, toolNames: readonly string[]): Readers => ({
  hooks: () => orElse(config.hooksFile, (file) => hooksIn(file, { env: process.env }), {}),
  rules: () => orElse(config.permissionsFile, (file) => daemonRules(file, toolNames), NO_RULES),
  mcpServers: () => orElse(config.mcpFile, (file) => mcpServersIn(file), []),
  connectors: () => orElse(config.mcpFile, (file) => connectorsIn(file), []),
  agentTypes: () => orElse(config.agentsFile, agentTypesIn, []),
  retentionRules: () => orElse(config.retentionFile, rulesIn, []),
  targets: () => orElse(config.notificationsFile, targetsIn, []),
});

/** Throws `invalid_settings` for the first file that cannot be used. */
export const readSettingsFiles = (config: Config, toolNames: readonly string[]): SettingsFiles => {
  const { hooks, rules, mcpServers, connectors, agentTypes, ...readers } = readersOf(
    config,
    toolNames,
  );
  return {
    hooks: hooks(),
    rules: rules(),
    mcpServers: mcpServers(),
    connectors: connectors(),
    agentTypes: agentTypes(),
    retentionRules: readers.retentionRules(),
    targets: readers.targets(),
  };
};

/** What is wrong with all of them, each a sentence. Modules of tools are loaded for it, on a thread. */
export const faultsOfFiles = async (config: Config): Promise<readonly string[]> => {
  const faults: string[] = [];
  /** Two readers may look at one file. */
  const note = (error: unknown): undefined => {
    const fault = error instanceof Error ? error.message : String(error);
    if (!faults.includes(fault)) faults.push(fault);
  };
  const own = await ownTools([], config.moduleTools ?? [], systemClock).catch(note);
  const readers = Object.values(readersOf(config, own === undefined ? [] : namesOf(own)));
  for (const read of readers)
    try {
      read();
    } catch (error) {
      note(error);
    }
  for (const name of ['natsCreds', 'natsServerBin'] as const) {
    const fault = unreadable(config[name]);
    if (fault !== undefined) faults.push(`${name}: ${fault}`);
  }
  return faults;
};

const unreadable = (file: string | undefined): string | undefined => {
  if (file === undefined) return undefined;
  try {
    accessSync(file, constants.R_OK);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};
