/**
 * One connection to a server, from its start to its end. The library of the protocol is loaded for the first one.
 *
 * 1. What it can do for a server is little: it has no model for it (sampling) and no folders (roots). What a server asks a
 *    person (elicitation) goes to the call that it is about, where that is beyond doubt; else it is declined.
 * 2. The server's own instructions do not reach a model: no person has read them.
 * 3. The message of a failure contains no secret of the settings.
 */
import type {
  Client,
  JSONRPCMessage,
  JsonSchemaValidatorResult,
  Transport,
} from '@modelcontextprotocol/client';
import type { Clock } from '../../otp/clock.ts';
import { redactor } from '../../platform/redact.ts';
import { version } from '../../platform/version.ts';
import type { ToolAnswer } from '../../session/ports/tools.ts';
import { boundedFetch } from './bounded-fetch.ts';
import type { SaidTool } from './definitions.ts';
import { type Asker, questionIn } from './questions.ts';
import { type McpServerSettings, secretsOf, type WebSettings } from './settings.ts';
import { StdioTransport } from './stdio-transport.ts';

/** From the start of a process to its list of tools. */
export const START_MS = 30_000;
/** The library's own bound: ours are tighter. */
const NEVER_MS = 2 ** 31 - 1;
const MAX_WHY = 500;
/** Of HTTP: our session is not known there any more, or our credentials are not. */
const FORGOTTEN: ReadonlySet<number> = new Set([400, 401, 404, 410]);

export interface Notices {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface ConnectionOptions {
  readonly settings: McpServerSettings;
  readonly clock: Clock;
  readonly notices: Notices;
  /** What all servers' processes bear. */
  readonly mark: string;
  /** Of this connection alone. */
  readonly id: number;
  /** The server has other tools now. */
  readonly onTools: (tools: readonly SaidTool[]) => void;
  /** It has ended after it was open, and not by `close`. */
  readonly onClosed: (why: string) => void;
}

export interface CallOptions {
  readonly signal: AbortSignal;
  readonly onProgress: () => void;
  /** Of this call alone. */
  readonly asks: Asker;
}

type Library = typeof import('@modelcontextprotocol/client');

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #redact: (text: string) => string;
  readonly #starting = new AbortController();
  #transport: Transport | undefined;
  #client: Client | undefined;
  #isOpen = false;
  #isClosed = false;
  #lastFault = '';
  /** Of each call under way. */
  readonly #askers = new Set<Asker>();
  /** A call was given up, and the server may still be at it: what it asks may be about that one. */
  #hasLeft = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#redact = redactor(secretsOf(options.settings));
  }

  /** Gives the server's tools. Rejects with the reason, and then nothing is left of it. */
  async open(): Promise<readonly SaidTool[]> {
    const { clock } = this.#options;
    const late = new Error(`it was not ready within ${START_MS / 1_000} s`);
    const timer = clock.setTimeout(() => this.#starting.abort(late), START_MS);
    const { signal } = this.#starting;
    const isLate = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    try {
      const tools = await Promise.race([this.#open(signal), isLate]);
      this.#isOpen = true;
      return tools;
    } catch (error) {
      const why = this.#why(error);
      await this.close();
      throw new Error(why);
    } finally {
      timer.cancel();
    }
  }

  async #open(signal: AbortSignal): Promise<readonly SaidTool[]> {
    const library = await import('@modelcontextprotocol/client');
    signal.throwIfAborted();
    const transport = this.#transportOf(library);
    this.#transport = transport;
    const client = this.#clientOf(library);
    this.#client = client;
    client.onerror = (error) => this.#note(error);
    client.onclose = () => this.#closed();
    await client.connect(transport, { signal, timeout: NEVER_MS });
    const { tools } = await client.listTools(undefined, { signal, timeout: NEVER_MS });
    return tools;
  }

  #transportOf(library: Library): Transport {
    const { settings, clock, mark, id } = this.#options;
    const { transport } = settings;
    const parse = (value: unknown): JSONRPCMessage => library.parseJSONRPCMessage(value);
    if (transport.type === 'stdio')
      return new StdioTransport({ settings: transport, clock, mark, id, parse });
    return webTransport(library, transport);
  }

  #clientOf({ Client }: Library): Client {
    const { settings, notices, onTools } = this.#options;
    const { name: server } = settings;
    const about = { name: 'greenroom', version };
    const client = new Client(about, {
      capabilities: { elicitation: {} },
      // What a tool answers goes to a model as it is; a schema from outside is not made into a program.
      jsonSchemaValidator: { getValidator: () => (data) => takenAsItIs(data) },
      listChanged: {
        tools: {
          onChanged: (error, tools) => {
            if (error !== null) this.#note(error);
            else if (this.#isOpen && tools !== null) onTools(tools);
          },
        },
      },
    });
    client.setRequestHandler('elicitation/create', async ({ params }, { mcpReq: { signal } }) => {
      const answer = await this.#ask(params, signal);
      if (answer === undefined)
        notices.info({ server }, 'declined what an MCP server would have asked a person');
      return answer === undefined || answer.action === 'decline'
        ? { action: 'decline' as const }
        : { action: 'accept' as const, content: answer.content as Record<string, string> };
    });
    return client;
  }

  /** undefined: nobody can be asked. */
  async #ask(params: object, signal: AbortSignal): Promise<ToolAnswer | undefined> {
    const question = questionIn(params);
    const [asker, ...others] = this.#askers;
    const isSure = others.length === 0 && (!this.#hasLeft || this.#options.settings.isPerSession);
    return question !== undefined && asker !== undefined && isSure
      ? asker(question, signal)
      : undefined;
  }

  /** Rejects when the server refuses, when the connection ends, or when the signal has ended the call; then it sends `notifications/cancelled`. */
  call(
    tool: string,
    input: Readonly<Record<string, unknown>>,
    { signal, onProgress, asks }: CallOptions,
  ): Promise<unknown> {
    if (this.#client === undefined) return Promise.reject(new Error('it is not open'));
    const options = { signal, timeout: NEVER_MS, onprogress: onProgress };
    const answer = this.#client.callTool({ name: tool, arguments: { ...input } }, options);
    this.#askers.add(asks);
    return answer
      .catch((error: unknown) => {
        if (signal.aborted) this.#hasLeft = true;
        else if (this.#isGone(error)) this.#lost(error);
        throw error;
      })
      .finally(() => this.#askers.delete(asks));
  }

  /** On the web only a call shows that a server has gone, or has forgotten us. */
  #isGone(error: unknown): boolean {
    if (this.#options.settings.transport.type === 'stdio') return false;
    const { code, status } = Object(error) as { code?: unknown; status?: unknown };
    if (typeof code === 'number') return false; // the server's own word
    return typeof status === 'number' ? FORGOTTEN.has(status) || status >= 500 : true;
  }

  /** A server on the web does not know our session any more: it has not begun what was asked. */
  hasForgotten(error: unknown): boolean {
    const { status } = Object(error) as { status?: unknown };
    return status === 404 && this.#isGone(error);
  }

  /** Of a server that is a process. */
  get pid(): number | undefined {
    return this.#transport instanceof StdioTransport ? this.#transport.pid : undefined;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#starting.abort(new Error('it was stopped'));
    try {
      await this.#client?.close();
    } catch (error) {
      this.#note(error);
    }
    await this.#transport?.close().catch((error: unknown) => this.#note(error));
  }

  /** The message of an error, for people and models: short, and without secrets. */
  said(error: unknown): string {
    return this.#redact(messageOf(error)).slice(0, MAX_WHY);
  }

  #why(error: unknown): string {
    const said = this.said(error);
    const more = this.#lastWords();
    return more === '' || said.includes(more) ? said : `${said}: ${more}`;
  }

  #lastWords(): string {
    const { lastWords } =
      this.#transport instanceof StdioTransport ? this.#transport : { lastWords: '' };
    return this.#redact(lastWords === '' ? this.#lastFault : lastWords).slice(-MAX_WHY);
  }

  #note(error: unknown): void {
    this.#lastFault = messageOf(error);
  }

  #closed(): void {
    this.#lost(new Error('it has ended'));
  }

  #lost(error: unknown): void {
    if (!this.#isOpen || this.#isClosed) return;
    this.#isClosed = true;
    this.#options.onClosed(this.#why(error));
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const takenAsItIs = <T>(data: unknown): JsonSchemaValidatorResult<T> => ({
  valid: true,
  data: data as T,
  errorMessage: undefined,
});

/** A redirect leads to another origin with our headers: it is not followed. */
const webTransport = (
  { StreamableHTTPClientTransport, SSEClientTransport }: Library,
  { type, url, headers }: WebSettings,
): Transport => {
  const options = {
    requestInit: { headers: { ...headers } },
    fetch: boundedFetch(),
    redirectPolicy: 'same-origin',
  } as const;
  return type === 'http'
    ? new StreamableHTTPClientTransport(new URL(url), options)
    : new SSEClientTransport(new URL(url), options);
};
