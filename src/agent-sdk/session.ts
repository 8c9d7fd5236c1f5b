/** The session of a query: made, gone on with, or forked, with the settings of the options. */
import { GreenroomError } from '../model/errors.ts';
import { given } from '../model/given.ts';
import type { Settings } from '../model/head.ts';
import { newTurnId, type SessionKey, sessionKey } from '../model/ids.ts';
import { isServerTool } from '../model/server-tools.ts';
import { ALIASES, BUILT_IN_TOOLS } from '../permissions/tools.ts';
import { toolboxName } from '../session/ports/tools.ts';
import { apiToolsOf } from '../session/tools/api-tools.ts';
import type { SessionView } from '../session/verbs/reply-schemas.ts';
import type { AgentHost } from './host.ts';
import type { CheckedOptions } from './options.ts';

/** Sessions of a directory that are looked at for the one to continue: sub-agents' are among them. */
const MOST_LOOKED_AT = 200;

/** Which session it is to be. Throws `session_not_found` for one to resume that is not there. */
export const sessionIdOf = async (
  host: AgentHost,
  { session, settings }: CheckedOptions,
  nowMs: number,
): Promise<{ readonly id: string; readonly from: string | undefined }> => {
  const { resume, isContinued, isForked, named } = session;
  const from =
    resume ?? (isContinued ? await latestIn(host, settings.workingDirectory) : undefined);
  const isNew = from === undefined || isForked;
  return { id: isNew ? (named ?? newTurnId(nowMs)) : from, from };
};

const latestIn = async (
  { api }: AgentHost,
  workingDirectory: string,
): Promise<string | undefined> => {
  const { sessions } = await api.sessions('search', { workingDirectory, limit: MOST_LOOKED_AT });
  return sessions.find(({ childOf, mode }) => childOf === undefined && mode !== 'background')
    ?.sessionId;
};

/** Ready for its first turn, and as it is then. What the program lends it must be there already. */
export const openSession = async (
  host: AgentHost,
  { id, from }: { readonly id: string; readonly from: string | undefined },
  { settings, turn }: CheckedOptions,
): Promise<SessionView> => {
  const { api } = host;
  if (from === undefined) {
    const { title, systemPrompt, ...rest } = settings;
    const { session } = await api.session(
      id,
      'create',
      given({ ...rest, title, systemPrompt, model: turn.model, tools: undefined }) as Settings,
    );
    return settings.tools === undefined ? session : setTools(host, session, settings.tools);
  }
  if (from !== id) await api.session(from, 'fork', { newSessionId: id });
  const { title: _, systemPrompt: __, tools, ...rest } = settings;
  const changes = given({ ...rest, model: turn.model }) as Settings;
  const { session } = await api.session(id, 'update', changes);
  if (session.childOf !== undefined)
    throw new GreenroomError('invalid_state', `${id} is the session of a sub-agent`);
  // A list that an earlier query has set holds no longer.
  if (tools === undefined && session.tools === undefined) return session;
  return setTools(host, session, tools ?? BUILT_IN_TOOLS);
};

/** These of the built-in tools, and all others. */
const setTools = async (
  host: AgentHost,
  session: SessionView,
  builtIn: readonly string[],
): Promise<SessionView> => {
  const wanted = new Set(builtIn.map((name) => ALIASES[name] ?? name));
  const all = host.system.find(toolboxName)?.toolsFor({ key: keyOf(session), childOf: undefined });
  const here = (all ?? [])
    .map(({ name }) => name)
    .filter((name) => wanted.has(name) || !BUILT_IN_TOOLS.includes(name));
  const tools = [...here, ...builtIn.filter(isOfApi)];
  return (await host.api.session(session.sessionId, 'update', { tools })).session;
};

/** The API's own: what it runs itself, and what it only has the schema of. */
const isOfApi = (name: string): boolean => isServerTool(name) || apiToolsOf([name]).length > 0;

/** Names of the tools that its model is offered; types of those that the API runs. */
export const offeredTo = async (
  { api }: AgentHost,
  { sessionId }: SessionView,
): Promise<readonly string[]> => (await api.session(sessionId, 'explain', {})).tools;

const keyOf = ({ tenant, sessionId }: SessionView): SessionKey => sessionKey(tenant, sessionId);
