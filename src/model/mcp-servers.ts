/**
 * MCP servers that a session names for itself, in the Agent SDK's shape. What of them may run is the daemon's to say
 * (`src/tools/mcp/session-rules.ts`): here is only their form.
 */
import { z } from 'zod';
import { isWellFormed } from './bounds.ts';
import { given } from './given.ts';

/** Servers of one session. */
export const MAX_SESSION_SERVERS = 10;
/** Of all of them, as JSON. */
const MAX_BYTES = 32 * 1024;
/** 24 days: the longest that a timer of Node can be. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

const text = z.string().max(4_096).refine(isWellFormed, 'holds half of a surrogate pair');
const texts = z.record(text.min(1), text);

export const SessionServer = z.strictObject({
  type: z.enum(['stdio', 'http', 'sse']).optional(),
  command: text.min(1).optional(),
  args: z.array(text).max(100).optional(),
  env: texts.optional(),
  url: text.min(1).optional(),
  headers: texts.optional(),
  timeout: z.int().min(1_000).max(MAX_TIMEOUT_MS).optional(),
  idleTimeout: z.int().min(1_000).max(MAX_TIMEOUT_MS).optional(),
  alwaysLoad: z.boolean().optional(),
});
export type SessionServer = Readonly<z.infer<typeof SessionServer>>;

export const SessionServers = z
  .record(text.min(1), SessionServer)
  .refine(
    (servers) => Object.keys(servers).length <= MAX_SESSION_SERVERS,
    `names more than ${MAX_SESSION_SERVERS} servers`,
  )
  .refine(
    (servers) => Buffer.byteLength(JSON.stringify(servers)) <= MAX_BYTES,
    `has more than ${MAX_BYTES} bytes`,
  );
export type SessionServers = Readonly<z.infer<typeof SessionServers>>;

const HIDDEN = '(hidden)';

/** As others may see them: without the values of headers and variables, and what an address has behind its path. */
export const shownServers = (servers: SessionServers): SessionServers =>
  Object.fromEntries(
    Object.entries(servers).map(([name, server]) => [
      name,
      given<SessionServer>({
        ...server,
        env: server.env && hiddenValues(server.env),
        headers: server.headers && hiddenValues(server.headers),
        url: server.url && shownUrl(server.url),
      }),
    ]),
  );

const hiddenValues = (values: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.keys(values).map((name) => [name, HIDDEN]));

const shownUrl = (text: string): string => {
  if (!URL.canParse(text)) return HIDDEN;
  const { origin, pathname, search, username, password, hash } = new URL(text);
  const isAsItIs = [search, username, password, hash].every((part) => part === '');
  return isAsItIs ? text : `${origin}${pathname}?${HIDDEN}`;
};
