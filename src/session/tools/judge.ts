/**
 * What becomes of a tool call before it runs: it starts, is asked about, or is refused. The decision itself is made in
 * `src/permissions`; here stands what a session's settings mean for it.
 */
import { basename, dirname } from 'node:path';
import { codeOf } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import { decide, isLiftable, type PermissionDecision } from '../../permissions/decide.ts';
import { unreadIn } from '../../permissions/matching.ts';
import { type FileSystem, LinksReadOnce, Places } from '../../permissions/paths.ts';
import type { Policy } from '../../permissions/policies.ts';
import {
  mergeRules,
  type RuleSet,
  type RuleSource,
  readRules,
} from '../../permissions/rule-set.ts';
import type { Verdict } from '../machine/input.ts';
import { MEMORY_ROOT, type OfferedTool } from '../ports/tools.ts';
import { effectOf, type OwnUse } from './api-tools.ts';
import type { Offer } from './offer.ts';

/** `isOfMode`: no rule asks for it, so a hook may allow it. `isLiftable`: where it asks, an allow rule could change that. */
export type Judged = Verdict & { readonly isOfMode?: boolean; readonly isLiftable?: boolean };

/** What all sessions have in common. */
export interface PermissionGround {
  readonly files: FileSystem;
  /** Absolute. */
  readonly home: string;
  /** The daemon's: a deny of theirs is never lifted. Another set where they were read again. */
  readonly rules: RuleSet;
  /** By the names that sessions have for them. */
  readonly policies: readonly Policy[];
  readonly mode: NonNullable<Head['permissionMode']>;
  /** Names of servers that the API may call for sessions; absent: there are none. */
  readonly connectors?: readonly string[];
}

type DecidedCall = Parameters<typeof decide>[0];

/** Of a session: where its calls are made. */
export interface Place {
  readonly workingDirectory: string;
  readonly cwd: string;
  /** Of the `memory` tool: it may change what is in it without asking, unless a rule says otherwise. */
  readonly memories?: string | undefined;
}

/** It looks at more than the file or folder that it names, which is decided about. */
export const isSearch = ({ name }: OwnUse): boolean => name === 'Grep' || name === 'Glob';

const EVERYTHING = [/^/];

/** Remembers a session's rules: to read them takes longer than to apply them. */
export class Judge {
  readonly #ground: PermissionGround;
  #allowed: Head['allowedTools'];
  #disallowed: Head['disallowedTools'];
  #tools: Offer['tools'] | undefined;
  #daemonRules: RuleSet | undefined;
  #rules: RuleSet | undefined;

  constructor(ground: PermissionGround) {
    this.#ground = ground;
  }

  /** On calls of one answer. Never throws. */
  verdicts(uses: readonly OwnUse[], offer: Offer, head: Head, place: Place): readonly Judged[] {
    const files = new LinksReadOnce(this.#ground.files);
    return uses.map((use) => this.verdict(use, offer, head, place, files));
  }

  /** Never throws. */
  verdict(
    use: OwnUse,
    { tools }: Offer,
    head: Head,
    place: Place,
    files = this.#ground.files,
  ): Judged {
    const { id: toolUseId, name, input, api, fault } = use;
    const tool = tools.get(api?.name ?? name);
    if (tool === undefined) {
      const message = `There is no tool ${api?.name ?? name} in this session.`;
      return { toolUseId, input: {}, reason: 'it is not offered', kind: 'refuse', message };
    }
    if (fault !== undefined)
      return { toolUseId, input: {}, reason: 'malformed', kind: 'refuse', message: fault };
    if (api?.name === 'memory' && isElsewhere(place, files)) {
      const message = `${MEMORY_ROOT} is a link, and not used.`;
      return { toolUseId, input: {}, reason: 'it is a link', kind: 'refuse', message };
    }
    if (!isInput(input)) {
      const message = 'The input must be a JSON object.';
      return { toolUseId, input: {}, reason: 'malformed', kind: 'refuse', message };
    }
    const own = placeOf(use, place);
    const about = (of: typeof input) =>
      this.#decide({ tool: name, input: of }, tools, head, own, files);
    const first = about(input);
    const target = api === undefined ? undefined : input['new_path'];
    const decision =
      typeof target === 'string' ? stricter(first, about({ ...input, file_path: target })) : first;
    const isOfMode = decision.because.kind === 'mode';
    const verdict = verdictOf(asCalled(tool, use), decision);
    const found = {
      ...{ toolUseId, input, isOfMode, isLiftable: isLiftable(decision.because) },
      ...verdict,
    };
    return api === undefined || found.kind === 'refuse' ? found : { ...found, apiType: api.type };
  }

  /** What no search may look into, as the rules are by now. */
  hiddenFromSearches({ tools }: Offer, head: Head, { cwd }: Place): readonly RegExp[] {
    const rules = this.#rulesOf(head, tools);
    if (rules === undefined) return EVERYTHING;
    return unreadIn(rules, { cwd, home: this.#ground.home, ignoresCase: false });
  }

  #decide(
    call: DecidedCall,
    tools: Offer['tools'],
    head: Head,
    { workingDirectory, cwd, memories }: Place,
    files: FileSystem,
  ): PermissionDecision {
    const { home, policies, mode } = this.#ground;
    const rules = this.#rulesOf(head, tools);
    if (rules === undefined) return unreadable;
    return decide(call, rules, {
      ...{ files, home, cwd, folders: memories === undefined ? [workingDirectory] : [memories] },
      mode: modeOf(head.permissionMode ?? mode, memories),
      policies: policies.filter(({ name }) => head.policies?.includes(name) ?? true),
    });
  }

  /** Undefined: one that denies cannot be read, so nothing may run. */
  #rulesOf({ allowedTools, disallowedTools }: Head, tools: Offer['tools']): RuleSet | undefined {
    const isSame =
      this.#daemonRules === this.#ground.rules &&
      this.#allowed === allowedTools &&
      this.#disallowed === disallowedTools &&
      this.#tools === tools;
    if (isSame && this.#rules !== undefined) return this.#rules;
    this.#daemonRules = this.#ground.rules;
    this.#allowed = allowedTools;
    this.#disallowed = disallowedTools;
    this.#tools = tools;
    const source = { scope: 'session', tools: [...tools.keys()] } as const;
    this.#rules = rulesOf(this.#ground.rules, source, allowedTools, disallowedTools);
    return this.#rules;
  }
}

/** The session's memory is the session's own; where files are changed only with a person's word, it is no such file. */
const modeOf = (mode: PermissionGround['mode'], memories: string | undefined) =>
  memories !== undefined && mode === 'default' ? 'acceptEdits' : mode;

const placeOf = ({ api }: OwnUse, { memories, ...place }: Place): Place =>
  api?.name === 'memory' && memories !== undefined ? { ...place, cwd: memories, memories } : place;

/** A command may have put a link in the memory's place: what that leads to is not the session's own. */
const isElsewhere = ({ memories }: Place, files: FileSystem): boolean => {
  if (memories === undefined) return false;
  const places = new Places(files);
  const above = places.find('/', dirname(memories))?.real;
  return places.find('/', memories)?.real !== `${above}/${basename(memories)}`;
};

/** A file gets another name: a rule about either is a rule about it. */
const stricter = (from: PermissionDecision, to: PermissionDecision): PermissionDecision => {
  const isTo = to.decision === 'deny' || from.decision === 'allow';
  return isTo && to.decision !== 'allow' && from.decision !== 'deny' ? to : from;
};

const asCalled = (tool: OfferedTool, use: OwnUse): OfferedTool => {
  const effect = effectOf(use);
  if (effect === undefined) return tool;
  return { ...tool, effect, isAlone: use.name === 'Write' || use.name === 'Edit' };
};

const isInput = (input: unknown): input is Readonly<Record<string, unknown>> =>
  typeof input === 'object' && input !== null && !Array.isArray(input);

/** A rule that allows and cannot be read allows nothing: older stores may hold any text. */
const rulesOf = (
  daemon: RuleSet,
  source: RuleSource,
  allow: readonly string[] = [],
  deny: readonly string[] = [],
): RuleSet | undefined => {
  try {
    const denying = readRules({ deny }, source);
    const allowing = allow.flatMap((rule) => readable(rule, source));
    return mergeRules(daemon, denying, readRules({ allow: allowing }, source));
  } catch (error) {
    if (codeOf(error) !== 'invalid_settings') throw error;
    return undefined;
  }
};

const readable = (rule: string, source: RuleSource): readonly string[] => {
  try {
    readRules({ allow: [rule] }, source);
    return [rule];
  } catch {
    return [];
  }
};

const unreadable: PermissionDecision = {
  decision: 'deny',
  reason: 'a rule of `disallowedTools` cannot be read',
  because: { kind: 'malformed' },
  commands: [],
  files: [],
};

/** Most that is kept of what a person is told, in pieces of at most so many characters. */
const MAX_PIECES = 50;
const MAX_PIECE = 500;

const pieces = (texts: readonly string[]): readonly string[] =>
  texts.slice(0, MAX_PIECES).map((text) => text.slice(0, MAX_PIECE));

const verdictOf = (
  { name, effect, isAlone = false }: OfferedTool,
  decision: PermissionDecision,
): DistributiveOmit<Verdict, 'toolUseId' | 'input'> => {
  const { reason, realPath } = decision;
  switch (decision.decision) {
    case 'allow':
      return { kind: 'start', effect, isAlone, reason, realPath };
    case 'deny':
      return { kind: 'refuse', reason, message: `${name} may not do this: ${reason}` };
    case 'ask': {
      const { commands, files, suggestions } = decision;
      const asked = {
        reason: reason.slice(0, MAX_PIECE),
        commands: pieces(commands),
        files: pieces(files.map(({ path }) => path)),
        suggestions: pieces(suggestions),
      };
      return { kind: 'ask', effect, isAlone, reason, realPath, asked };
    }
  }
};

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
