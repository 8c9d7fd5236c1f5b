/** Which tools a session's model is offered, and how a request says it. */
import type { Head } from '../../model/head.ts';
import { plainToolName } from '../../model/plain-tool-name.ts';
import { NO_RULES, type RuleSet } from '../../permissions/rule-set.ts';
import type { OfferedTool } from '../ports/tools.ts';
import { type ApiTool, apiToolsOf, offeredApiTool } from './api-tools.ts';
import { type Connected, connectedTools } from './connectors.ts';
import { requestTools } from './request-tools.ts';
import { type ServerTool, serverTools } from './server-tools.ts';

export interface Offer {
  /** Those that run here: a tool that the API runs itself stands in `json` alone. */
  readonly tools: ReadonlyMap<string, OfferedTool>;
  /** Those that the API runs itself. */
  readonly ofServer: readonly ServerTool[];
  /** Those of servers that the API calls. */
  readonly connected: Connected;
  /** The request's `tools`, as JSON; undefined: none are offered. */
  readonly json: string | undefined;
}

const NOTHING: Offer = {
  ...{ tools: new Map(), ofServer: [], json: undefined },
  connected: { sets: [], names: [], kept: [] },
};

type Wish = Pick<
  Head,
  'tools' | 'serverTools' | 'disallowedTools' | 'workingDirectory' | 'mcpServers' | 'toolsFound'
>;

/** A session has tools of ours if it names some, has a folder for them to work in, or servers of its own. */
export const wantsTools = ({ tools, workingDirectory, mcpServers }: Wish): boolean =>
  tools === undefined
    ? workingDirectory !== undefined || mcpServers !== undefined
    : tools.length > 0;

/** What an offer is made by, beside the session's own wish. */
export interface OfferTerms {
  /** The daemon's permission rules: they bind what the API runs itself. Another set where they were read again. */
  readonly rules: RuleSet;
  /** Names of servers that the API may call for sessions; default: none. */
  readonly connectors?: readonly string[] | undefined;
  /** See `requestTools`. */
  readonly deferBytes?: number | undefined;
}

const NO_TERMS: OfferTerms = { rules: NO_RULES };

/** Remembers what it has offered last, because each model call asks: a new list of tools is made when something changes. */
export class Offers {
  #all: readonly OfferedTool[] | undefined;
  #wish: Wish = {};
  #rules: RuleSet | undefined;
  #offer: Offer = NOTHING;
  readonly #ground: Omit<OfferTerms, 'deferBytes'>;
  readonly #deferBytes: number | undefined;

  /** @param deferBytes see `requestTools`. */
  constructor(ground: Omit<OfferTerms, 'deferBytes'> = NO_TERMS, deferBytes?: number) {
    this.#ground = ground;
    this.#deferBytes = deferBytes;
  }

  /** @param all in the order of their names: a request that differs in order alone would miss the API's cache. */
  for(head: Head, all: readonly OfferedTool[]): Offer {
    const { tools, serverTools, disallowedTools, workingDirectory, mcpServers, toolsFound } = head;
    const isSame =
      this.#all === all &&
      this.#rules === this.#ground.rules &&
      this.#wish.tools === tools &&
      this.#wish.serverTools === serverTools &&
      this.#wish.disallowedTools === disallowedTools &&
      this.#wish.workingDirectory === workingDirectory &&
      this.#wish.mcpServers === mcpServers &&
      this.#wish.toolsFound === toolsFound;
    if (isSame) return this.#offer;
    this.#all = all;
    this.#rules = this.#ground.rules;
    this.#wish = {
      ...{ tools, serverTools, disallowedTools, workingDirectory, mcpServers, toolsFound },
    };
    const { connectors } = this.#ground;
    const terms = { rules: this.#rules, connectors, deferBytes: this.#deferBytes };
    this.#offer = offerOf(this.#wish, all, terms);
    return this.#offer;
  }
}

export const offerOf = (
  wish: Wish,
  all: readonly OfferedTool[],
  { rules, connectors = [], deferBytes }: OfferTerms = NO_TERMS,
): Offer => {
  if (!wantsTools(wish) && (wish.serverTools ?? []).length === 0) return NOTHING;
  const denied = new Set(wish.disallowedTools);
  const isWanted = wanted(wish);
  const own = all.filter(({ name }) => !denied.has(name) && isWanted(name));
  const offered = withApiTools(own, wish, all);
  const taken = new Set(offered.map(({ name }) => name));
  const ofServer = serverTools(wish, rules).filter(({ name }) => !taken.has(name));
  const connected = connectedTools(wish, connectors, rules);
  const ofApi = [...ofServer, ...connected.sets];
  if (offered.length + ofApi.length === 0) return { ...NOTHING, connected };
  return {
    ...{ tools: new Map(offered.map((tool) => [tool.name, tool])), ofServer, connected },
    json: requestTools(offered, { ofServer: ofApi, found: wish.toolsFound, deferBytes }),
  };
};

/** One of the API's own is offered where those are that do its work, and neither it nor one of them is denied. */
const withApiTools = (
  own: readonly OfferedTool[],
  { tools, disallowedTools = [] }: Wish,
  all: readonly OfferedTool[],
): readonly OfferedTool[] => {
  const named = apiToolsOf(tools);
  if (named.length === 0) return own;
  const has = (name: string) =>
    all.some((tool) => tool.name === name) && !disallowedTools.includes(name);
  const isDenied = ({ type, name }: ApiTool) =>
    disallowedTools.includes(type) || disallowedTools.includes(name);
  const api = named.filter((tool) => !isDenied(tool) && tool.needs.every(has)).map(offeredApiTool);
  const names = new Set(api.map(({ name }) => name));
  const others = own.filter(({ name }) => !names.has(name));
  return [...others, ...api].toSorted((one, other) => (one.name < other.name ? -1 : 1));
};

const wanted = ({ tools, workingDirectory, mcpServers }: Wish): ((name: string) => boolean) => {
  if (tools !== undefined) return (name) => tools.includes(name);
  if (workingDirectory !== undefined) return () => true;
  const own = Object.keys(mcpServers ?? {}).map((server) => `mcp__${plainToolName(server)}__`);
  return (name) => own.some((prefix) => name.startsWith(prefix));
};
