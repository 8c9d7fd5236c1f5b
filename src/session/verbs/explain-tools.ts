/** Of a session's tools: which its model is offered, which are not there and why, and which a rule keeps from being offered. Pure. */
import type { Head } from '../../model/head.ts';
import { isServerTool } from '../../model/server-tools.ts';
import type { RuleSet } from '../../permissions/rule-set.ts';
import type { OfferedTool, Toolbox } from '../ports/tools.ts';
import { apiToolsOf } from '../tools/api-tools.ts';
import { isConnected } from '../tools/connectors.ts';
import { type Offer, offerOf, wantsTools } from '../tools/offer.ts';
import { keptServerTools } from '../tools/server-tools.ts';

interface Terms {
  readonly rules: RuleSet;
  readonly connectors: readonly string[];
}

/** @param toolbox undefined: nothing here runs tools. */
export const toolsExplained = (
  head: Head,
  toolbox: Pick<Toolbox, 'toolsFor' | 'absent'> | undefined,
  terms: Terms,
) => {
  const all = toolbox?.toolsFor(head) ?? [];
  const offer = offerOf(head, all, terms);
  const missing = missingOf(head, all, terms.connectors);
  const named = head.tools === undefined ? undefined : missing;
  const absent = wantsTools(head) ? (toolbox?.absent?.(head, named) ?? []) : [];
  const denied = deniedOf(head, terms.rules, offer);
  return {
    tools: namesIn(offer),
    ...(missing.length === 0 ? {} : { toolsMissing: missing }),
    ...(absent.length === 0 ? {} : { toolsAbsent: [...absent] }),
    ...(denied.length === 0 ? {} : { toolsDenied: denied }),
  };
};

const namesIn = ({ tools, ofServer, connected }: Offer) => [
  ...tools.keys(),
  ...ofServer.map(({ type }) => type),
  ...connected.names,
];

/** What is denied is there. */
const missingOf = (
  { tools = [] }: Head,
  all: readonly OfferedTool[],
  connectors: readonly string[],
): string[] => {
  const there = new Set(all.map(({ name }) => name));
  for (const { type, needs } of apiToolsOf(tools))
    if (needs.every((name) => there.has(name))) there.add(type);
  return tools.filter(
    (name) => !there.has(name) && !isServerTool(name) && !isConnected(name, connectors),
  );
};

const deniedOf = (head: Head, rules: RuleSet, { connected }: Offer) => {
  const kept = [...keptServerTools(head, rules), ...connected.kept];
  return kept.map(({ type, rule, of }) => ({ tool: type, rule, of }));
};
