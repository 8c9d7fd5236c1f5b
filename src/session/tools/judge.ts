/**
 * What becomes of a tool call before it runs: it starts, is asked about, or is refused. The decision itself is made in
 * `src/permissions`; here stands what a session's settings mean for it.
 */
import { codeOf } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import { decide, type PermissionDecision } from '../../permissions/decide.ts';
import type { FileSystem } from '../../permissions/paths.ts';
import type { Policy } from '../../permissions/policies.ts';
import {
  mergeRules,
  type RuleSet,
  type RuleSource,
  readRules,
} from '../../permissions/rule-set.ts';
import type { Verdict } from '../machine/machine.ts';
import type { ToolUse } from '../ports/executor.ts';
import type { OfferedTool } from '../ports/tools.ts';
import type { Offer } from './offer.ts';

/** `isOfMode`: no rule asks for it, so a hook may allow it. */
export type Judged = Verdict & { readonly isOfMode?: boolean };

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
}

type DecidedCall = Parameters<typeof decide>[0];

/** Of a session: where its calls are made. */
export interface Place {
  readonly workingDirectory: string;
  readonly cwd: string;
}

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

  /** Never throws. */
  verdict(use: ToolUse, { tools }: Offer, head: Head, place: Place): Judged {
    const { id: toolUseId, name, input } = use;
    const tool = tools.get(name);
    if (tool === undefined) {
      const message = `There is no tool ${name} in this session.`;
      return { toolUseId, input: {}, reason: 'it is not offered', kind: 'refuse', message };
    }
    if (!isInput(input)) {
      const message = 'The input must be a JSON object.';
      return { toolUseId, input: {}, reason: 'malformed', kind: 'refuse', message };
    }
    const decision = this.#decide({ tool: name, input }, tools, head, place);
    const isOfMode = decision.because.kind === 'mode';
    return { toolUseId, input, isOfMode, ...verdictOf(tool, decision) };
  }

  #decide(
    call: DecidedCall,
    tools: Offer['tools'],
    head: Head,
    { workingDirectory, cwd }: Place,
  ): PermissionDecision {
    const { files, home, policies, mode } = this.#ground;
    const rules = this.#rulesOf(head, tools);
    if (rules === undefined) return unreadable;
    return decide(call, rules, {
      ...{ files, home, cwd, folders: [workingDirectory] },
      mode: head.permissionMode ?? mode,
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
