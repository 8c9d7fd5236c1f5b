/**
 * What of the settings may change while the daemon runs. It owns those in force: what is wrong is refused as a whole, and
 * what needs a restart stays as it is and is named.
 */
import { readFileSync } from 'node:fs';
import type { Config, ConfigName } from '../config/config.ts';
import { CONFIG_NAMES, VARIABLES } from '../config/config.ts';
import { type HookTable, mergeTables } from '../hooks/hook.ts';
import { readSettingsFiles, type SettingsFiles } from './settings-files.ts';

/** Nothing is built from these but what is asked at each turn. */
export const LIVE = [
  ...(['logLevel', 'permissionsFile', 'permissionMode', 'hooksFile', 'model'] as const),
  ...(['maxRetries', 'retryDelaySeconds', 'timeoutSeconds', 'queuePerSession'] as const),
] satisfies readonly ConfigName[];
type Live = (typeof LIVE)[number];

const isLive = (name: ConfigName): name is Live => (LIVE as readonly string[]).includes(name);

const FILES = [
  ...(['permissionsFile', 'hooksFile', 'mcpFile', 'agentsFile', 'retentionFile'] as const),
  'notificationsFile',
] satisfies readonly ConfigName[];

export interface ReadAgain {
  /** Variables whose values or files are other ones than before; they are in force now. */
  readonly changed: readonly string[];
  /** The same of what takes effect at the next start. */
  readonly needRestart: readonly string[];
}

export class LiveSettings {
  readonly #toolNames: readonly string[];
  /** Functions of an embedding program: no file has them. */
  readonly #ownHooks: HookTable;
  #config: Config;
  #files: SettingsFiles;
  /** What is in the files, as it is in force. */
  #texts: Texts;
  #hooks: HookTable;

  /** Throws `invalid_settings` for a file that cannot be used. @param toolNames of tools that are not built in. */
  constructor(config: Config, toolNames: readonly string[], ownHooks: HookTable) {
    this.#toolNames = toolNames;
    this.#ownHooks = ownHooks;
    this.#config = config;
    this.#files = readSettingsFiles(config, toolNames);
    this.#texts = textsOf(config);
    this.#hooks = mergeTables(this.#files.hooks, ownHooks);
  }

  get config(): Config {
    return this.#config;
  }

  get files(): SettingsFiles {
    return this.#files;
  }

  get hooks(): HookTable {
    return this.#hooks;
  }

  /** Throws `invalid_settings`, and changes nothing then. */
  take(wanted: Config): ReadAgain {
    const files = readSettingsFiles(wanted, this.#toolNames);
    const texts = textsOf(wanted);
    const told = this.#compared(wanted, texts);
    const live = Object.fromEntries(LIVE.map((name) => [name, wanted[name]])) as Pick<Config, Live>;
    this.#config = { ...this.#config, ...live };
    this.#files = { ...this.#files, hooks: files.hooks, rules: files.rules };
    const { permissionsFile, hooksFile } = texts;
    this.#texts = { ...this.#texts, permissionsFile, hooksFile };
    this.#hooks = mergeTables(files.hooks, this.#ownHooks);
    return told;
  }

  #compared(wanted: Config, texts: Texts): ReadAgain {
    const values = CONFIG_NAMES.filter(
      (name) => JSON.stringify(this.#config[name]) !== JSON.stringify(wanted[name]),
    );
    const files = FILES.filter((name) => this.#texts[name] !== texts[name]);
    const others = [...new Set<ConfigName>([...values, ...files])];
    return {
      changed: others.filter(isLive).map((name) => VARIABLES[name].env),
      needRestart: others.filter((name) => !isLive(name)).map((name) => VARIABLES[name].env),
    };
  }
}

type Texts = Readonly<Record<(typeof FILES)[number], string | undefined>>;

const textsOf = (config: Config): Texts => {
  const text = (path: string | undefined) =>
    path === undefined ? undefined : readFileSync(path, 'utf8');
  return {
    permissionsFile: text(config.permissionsFile),
    hooksFile: text(config.hooksFile),
    mcpFile: text(config.mcpFile),
    agentsFile: text(config.agentsFile),
    retentionFile: text(config.retentionFile),
    notificationsFile: text(config.notificationsFile),
  };
};
