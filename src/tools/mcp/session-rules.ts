/**
 * Which servers a session may have for itself, and how they are started. Pure.
 *
 * 1. A program comes from the daemon's file and never from a request: a session names one of its servers that are marked
 *    `perSession`, and may give values to the variables and headers that the file names there.
 * 2. A server on the web is one of a host that the daemon allows. It may not bear the name of a server of the file, for
 *    rules about that one would hold for it.
 * 3. What a request says is taken as it stands: nothing of the daemon's environment is put in.
 */
import type { SessionServer, SessionServers } from '../../model/mcp-servers.ts';
import type { ServerRules } from '../../session/ports/tools.ts';
import { type McpServerSettings, type WebSettings, webServerOf } from './settings.ts';
import { plainName } from './tool-names.ts';

const HOSTS_SETTING = 'GREENROOM_SESSION_MCP_HOSTS';
const COUNT_SETTING = 'GREENROOM_SESSION_MCP_SERVERS';

export interface SessionRulesOptions {
  /** Those of the file. */
  readonly servers: readonly McpServerSettings[];
  /** Of those of the file that the API calls; default: none. */
  readonly connectors?: readonly string[] | undefined;
  /** As `example.com`, `*.example.com` or, for plain HTTP too, `localhost:8080`. */
  readonly hosts: readonly string[];
  /** Servers of all sessions that may run at a time; 0: sessions have none. */
  readonly maxServers: number;
}

export class SessionRules implements ServerRules {
  readonly #options: SessionRulesOptions;

  constructor(options: SessionRulesOptions) {
    this.#options = options;
  }

  faultOf(servers: SessionServers): string | undefined {
    const faults = this.#read(servers).map(({ read }) => read);
    return faults.find((fault) => typeof fault === 'string');
  }

  /** Those that may run. What is stored may be older than the daemon's settings, so each use asks again. */
  settingsOf(servers: SessionServers): readonly McpServerSettings[] {
    return this.#read(servers).flatMap(({ read }) => (typeof read === 'string' ? [] : [read]));
  }

  #read(servers: SessionServers) {
    const names = new Set<string>();
    return Object.entries(servers).map(([name, written]) => {
      const plain = plainName(name);
      const read = names.has(plain) ? 'two servers have this name' : this.#serverOf(name, written);
      names.add(plain);
      return { read: typeof read === 'string' ? `mcpServers.${name}: ${read}` : read };
    });
  }

  #serverOf(name: string, written: SessionServer): McpServerSettings | string {
    if (this.#options.maxServers === 0) return `sessions have no servers here (${COUNT_SETTING})`;
    const plain = plainName(name);
    const ofFile = this.#options.servers.find((server) => plainName(server.name) === plain);
    if (ofFile !== undefined)
      return ofFile.isPerSession
        ? asTheFileHas(ofFile, written)
        : `the daemon has a server ${ofFile.name} for all sessions`;
    if (this.#options.connectors?.includes(plain) === true)
      return `the daemon has a server ${plain} that the API calls: name mcp__${plain} in tools`;
    if (written.command !== undefined || written.type === 'stdio' || written.url === undefined)
      return 'a program has to be a server of the daemon’s file, by this name and with `perSession` (GREENROOM_MCP_FILE)';
    const server = webServerOf(name, written);
    if (typeof server === 'string') return server;
    const { url } = server.transport as WebSettings;
    return isAllowed(new URL(url), this.#options.hosts)
      ? server
      : `${new URL(url).host} is no host that sessions may have servers of (${HOSTS_SETTING})`;
  }
}

/** The file's own, with what the session may say of it. */
const asTheFileHas = (
  server: McpServerSettings,
  written: SessionServer,
): McpServerSettings | string => {
  const { transport } = server;
  const other = `the daemon's server ${server.name} has another`;
  if (written.type !== undefined && written.type !== transport.type) return `${other} \`type\``;
  const timeouts = {
    timeoutMs: Math.min(server.timeoutMs, written.timeout ?? Infinity),
    idleTimeoutMs: Math.min(server.idleTimeoutMs, written.idleTimeout ?? Infinity),
  };
  if (transport.type === 'stdio') {
    const { command = transport.command, args = transport.args } = written;
    if (written.url !== undefined || written.headers !== undefined)
      return `the daemon's server ${server.name} is a program: it has no \`url\` and no \`headers\``;
    if (command !== transport.command) return `${other} \`command\``;
    if (JSON.stringify(args) !== JSON.stringify(transport.args)) return `${other} \`args\``;
    const env = laidOver(transport.env, written.env, 'env');
    return typeof env === 'string'
      ? env
      : { ...server, ...timeouts, transport: { ...transport, env } };
  }
  if ([written.command, written.args, written.env].some((field) => field !== undefined))
    return `the daemon's server ${server.name} is on the web: it has no \`command\`, \`args\` and \`env\``;
  if ((written.url ?? transport.url) !== transport.url) return `${other} \`url\``;
  const headers = laidOver(transport.headers, written.headers, 'headers');
  if (typeof headers === 'string') return headers;
  const checked = webServerOf(server.name, { ...transport, headers });
  return typeof checked === 'string' ? checked : { ...checked, ...timeouts };
};

type Values = Readonly<Record<string, string>>;

/** Only names that are there already: a variable such as `NODE_OPTIONS` would run what the session wants. */
const laidOver = (values: Values, others: Values = {}, field: string): Values | string => {
  const unknown = Object.keys(others).find((name) => !Object.hasOwn(values, name));
  return unknown === undefined
    ? { ...values, ...others }
    : `${field}: the daemon's file names no ${unknown} there`;
};

const isAllowed = ({ protocol, hostname, port, host }: URL, hosts: readonly string[]): boolean =>
  hosts.some((written) => {
    const allowed = written.toLowerCase();
    if (/:\d+$/.test(allowed)) return host === allowed;
    if (protocol !== 'https:' || port !== '') return false;
    return allowed.startsWith('*.') ? hostname.endsWith(allowed.slice(1)) : hostname === allowed;
  });
