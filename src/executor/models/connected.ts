/**
 * MCP servers that the API calls by itself: what a request says of them, and the beta that it needs. Pure. The tools of a step
 * name them; addresses and tokens are the endpoint's, and no session has them.
 */
import type { ModelStep } from '../../session/ports/executor.ts';
import type { Connector } from './wire.ts';

const BETA = 'mcp-client-2025-11-20';

/** Quotes in texts are escaped, so this is a type. */
const SET = '"type":"mcp_toolset"';
/** Also in a text, where it is too much and does no harm. */
const USE = '"mcp_tool_use"';

/** Whether tools of such servers are offered. */
export const namesConnector = ({ tools }: Pick<ModelStep, 'tools'>): boolean =>
  tools?.includes(SET) === true;

/** As the request has them; undefined: it has none. */
export const serversFor = (
  step: Pick<ModelStep, 'tools'>,
  connectors: readonly Connector[] = [],
): readonly object[] | undefined => {
  if (!namesConnector(step)) return undefined;
  const sets = JSON.parse(step.tools ?? '[]') as readonly { readonly mcp_server_name?: string }[];
  const names = sets.map(({ mcp_server_name: name }) => name);
  return connectors
    .filter(({ name }) => names.includes(name))
    .map(({ name, url, token }) => ({
      ...{ type: 'url', name, url },
      ...(token === undefined ? {} : { authorization_token: token }),
    }));
};

/** Those of the step, and the one under which alone the API takes such servers, and what they were called for. */
export const betasOf = (
  step: Pick<ModelStep, 'betas' | 'tools'> & { readonly messages: Uint8Array },
): readonly string[] | undefined => {
  const { betas, messages } = step;
  const { buffer, byteOffset, byteLength } = messages;
  const isNeeded =
    namesConnector(step) || Buffer.from(buffer, byteOffset, byteLength).includes(USE);
  return isNeeded ? [...(betas ?? []), BETA] : betas;
};
