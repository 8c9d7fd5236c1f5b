/**
 * Whether a tool call may run: `decide` compares what is seen of it with policies, rules and the mode.
 *
 * 1. The order is: deny rules, policies, ask rules, allow rules, mode. The first that matches decides; how specific a
 *    rule is does not matter.
 * 2. An allow follows only from what is understood. What is not is asked about, with the place.
 * 3. Of a command line every program at every depth must be allowed, and every file that a redirection opens.
 */
import { effectiveMode, type PermissionMode } from '../classic/models.ts';
import { destroys } from './breaker.ts';
import { type ToolCall, touchedBy } from './call.ts';
import { allowsCommand, allowsPath, type Match, matchesAnyhow, type Where } from './matching.ts';
import { isSteering, isWithin } from './paths.ts';
import type { Policy, Verdict } from './policies.ts';
import { isReading } from './programs/files.ts';
import type { RuleScope, RuleSet, ScopedRule } from './rule-set.ts';
import { type Ground, type Seen, type SeenCommand, type SeenFile, see } from './seen.ts';
import { type Missing, suggestionsFor } from './suggest.ts';
import { ASKING_TOOLS, HARMLESS_TOOLS } from './tools.ts';

export interface PermissionContext extends Ground {
  readonly mode: PermissionMode;
  /** Absolute paths. Files in them, and in `cwd`, may be read unasked. */
  readonly folders?: readonly string[];
  /** Whether `A` and `a` are one file there. Default: false. */
  readonly ignoresCase?: boolean;
  /** On in every mode. Default: none; a session without settings of its own has both built-in ones. */
  readonly policies?: readonly Policy[];
}

/** What decided. A hook's allow may turn an ask into an allow where this is `mode`, and nowhere else. */
export type Because =
  | { readonly kind: 'rule'; readonly rule: string; readonly scope: RuleScope }
  | { readonly kind: 'policy'; readonly policy: string }
  | { readonly kind: 'not_understood' }
  | { readonly kind: 'protected' }
  | { readonly kind: 'malformed' }
  /** The call is a question to a person. */
  | { readonly kind: 'question' }
  | { readonly kind: 'harmless' }
  | { readonly kind: 'mode' };

/** What asks before allow rules are looked at: none of them would change it. */
const BEFORE_ALLOW: ReadonlySet<Because['kind']> = new Set([
  ...(['rule', 'policy', 'protected', 'question'] as const),
]);

/** Of a call that is asked about: whether an allow rule could have kept it from being asked about. */
export const isLiftable = ({ kind }: Because): boolean => !BEFORE_ALLOW.has(kind);

interface Decided {
  /** A sentence for people. */
  readonly reason: string;
  readonly because: Because;
  /** The programs that the call would run, as they were understood. */
  readonly commands: readonly string[];
  /** The files that it would open, as far as they are known. */
  readonly files: readonly { readonly access: 'read' | 'edit'; readonly path: string }[];
  /** Of a tool that names one file or folder: where that really is, through all links. */
  readonly realPath?: string | undefined;
}

export type PermissionDecision =
  | (Decided & { readonly decision: 'allow' | 'deny' })
  | (Decided & {
      readonly decision: 'ask';
      /** Rules that would allow exactly this; empty where no rule can. */
      readonly suggestions: readonly string[];
    });

/** Pure but for the links that it reads through `context.files`. Never throws. */
export const decide = (
  call: ToolCall,
  rules: RuleSet,
  context: PermissionContext,
): PermissionDecision => {
  const touched = touchedBy(call);
  const seen = see(call, touched, context);
  return new Deciding(seen, rules, context).decide();
};

type Said = {
  readonly decision: 'allow' | 'ask' | 'deny';
  readonly reason: string;
  readonly because: Because;
  /** What no rule allows, where nothing else is the reason. */
  readonly lacking?: string;
};

const said = (decision: Said['decision'], reason: string, because: Because): Said => ({
  ...{ decision, reason, because },
});

const byRule = (decision: Said['decision'], { text, scope }: ScopedRule): Said =>
  said(decision, `the ${decision} rule ${text} of the ${scope}`, {
    kind: 'rule',
    rule: text,
    scope,
  });

const BY_MODE: Because = { kind: 'mode' };

const noRuleAllows = (what: string): Said => ({
  ...said('ask', `no rule allows ${what}`, BY_MODE),
  lacking: what,
});

/** Most parts of a command line that one reason names, and characters of each. */
const MAX_NAMED = 5;
const MAX_NAMED_LENGTH = 60;

/** What is asked about a line of several programs and files: all that no rule allows, or first what no rule could. */
const askedTogether = (asked: readonly Said[]): Said | undefined => {
  const [first] = asked;
  const strict = asked.find(({ because }) => because.kind !== 'mode');
  const lacking = [...new Set(asked.flatMap((each) => each.lacking ?? []))];
  if (strict !== undefined || lacking.length < 2) return strict ?? first;
  const named = lacking.slice(0, MAX_NAMED).map(shortened);
  const more = lacking.length - named.length;
  return noRuleAllows(`${named.join('; ')}${more === 0 ? '' : `; and ${more} more`}`);
};

const shortened = (text: string): string =>
  text.length > MAX_NAMED_LENGTH ? `${text.slice(0, MAX_NAMED_LENGTH - 1)}…` : text;

class Deciding {
  readonly #seen: Seen;
  readonly #rules: RuleSet;
  readonly #context: PermissionContext;
  readonly #where: Where;
  readonly #folders: readonly string[];
  readonly #matches = new Map<ScopedRule, Match>();

  constructor(seen: Seen, rules: RuleSet, context: PermissionContext) {
    const { cwd, home, ignoresCase = false, folders = [] } = context;
    this.#seen = seen;
    this.#rules = rules;
    this.#context = context;
    this.#where = { cwd, home, ignoresCase };
    this.#folders = [cwd, ...folders].map(
      (folder) => seen.places.find('/', folder)?.real ?? folder,
    );
  }

  decide(): PermissionDecision {
    const { decision, reason, because } = this.#inMode(this.#decide());
    const { commands, files } = this.#seen;
    const { touched } = this.#seen;
    const decided: Decided = {
      ...{ reason, because },
      realPath: touched.kind === 'file' ? files[0]?.places[0]?.real : undefined,
      commands: commands.map(({ command }) => command.words.map(({ text }) => text).join(' ')),
      files: [...files, ...commands.flatMap((each) => each.files)].map(({ access, text }) => ({
        ...{ access, path: text },
      })),
    };
    if (decision !== 'ask') return { ...decided, decision };
    const missing = isLiftable(because) ? this.#missing() : undefined;
    return { ...decided, decision, suggestions: suggestionsFor(this.#seen, missing) };
  }

  get #mode() {
    return effectiveMode(this.#context.mode);
  }

  /** `dontAsk` denies what would be asked. */
  #inMode(what: Said): Said {
    if (what.decision !== 'ask' || this.#mode !== 'dontAsk') return what;
    return said(
      'deny',
      `${what.reason}; the mode dontAsk denies what would be asked`,
      what.because,
    );
  }

  #decide(): Said {
    const { touched } = this.#seen;
    if (touched.kind === 'malformed') return said('deny', touched.why, { kind: 'malformed' });
    return (
      this.#denied() ??
      this.#judged('deny') ??
      this.#question() ??
      this.#asked() ??
      this.#judged('ask') ??
      this.#byMode() ??
      this.#allowed()
    );
  }

  /** Each rule is compared once. */
  #match(rule: ScopedRule): Match {
    const known = this.#matches.get(rule);
    if (known !== undefined) return known;
    const match = matchesAnyhow(rule, this.#seen, this.#where);
    this.#matches.set(rule, match);
    return match;
  }

  #denied(): Said | undefined {
    const rule = this.#rules.deny.find((each) => this.#match(each) === 'yes');
    return rule === undefined ? undefined : byRule('deny', rule);
  }

  #judged(decision: Verdict['decision']): Said | undefined {
    for (const policy of this.#context.policies ?? []) {
      const verdict = judgedBy(policy, this.#seen);
      if (verdict?.decision === decision)
        return said(decision, verdict.reason, { kind: 'policy', policy: policy.name });
    }
    return undefined;
  }

  #question(): Said | undefined {
    const { tool } = this.#seen;
    return ASKING_TOOLS.has(tool)
      ? said('ask', `${tool} waits for an answer of a person`, { kind: 'question' })
      : undefined;
  }

  /** An ask rule; a deny or ask rule that may match; what destroys more than files of the work. */
  #asked(): Said | undefined {
    const destroyed = destroys(this.#seen, this.#context);
    if (destroyed !== undefined) return said('ask', destroyed, { kind: 'protected' });
    const asks = this.#rules.ask.find((each) => this.#match(each) === 'yes');
    if (asks !== undefined) return byRule('ask', asks);
    const unsure = [...this.#rules.deny, ...this.#rules.ask].find(
      (each) => this.#match(each) === 'maybe',
    );
    if (unsure === undefined) return undefined;
    const { text, scope } = unsure;
    return said(
      'ask',
      `what is not known of it may be what the rule ${text} of the ${scope} is about`,
      {
        ...{ kind: 'rule', rule: text, scope },
      },
    );
  }

  #byMode(): Said | undefined {
    if (this.#mode === 'bypassPermissions')
      return said('allow', 'the mode bypassPermissions allows it', BY_MODE);
    if (this.#mode === 'plan' && !this.#isReading())
      return said('deny', 'the mode plan allows only reading', BY_MODE);
    return undefined;
  }

  #isReading(): boolean {
    const { touched, commands, files, doubts, tool } = this.#seen;
    if (touched.kind === 'file') return touched.access === 'read';
    if (touched.kind !== 'command')
      return (
        touched.kind === 'address' ||
        touched.kind === 'agent' ||
        HARMLESS_TOOLS.has(tool) ||
        tool === 'WebSearch'
      );
    const onlyReads = commands.every(({ command }) => isReading(command));
    return doubts.length === 0 && onlyReads && files.every(({ access }) => access === 'read');
  }

  #allowed(): Said {
    const { touched, tool, files } = this.#seen;
    switch (touched.kind) {
      case 'command':
        return this.#command(touched.command);
      case 'file':
        return this.#file(files);
      case 'agent':
        return (
          this.#rule() ??
          said('allow', 'what an agent does is decided call by call', { kind: 'harmless' })
        );
      default:
        if (HARMLESS_TOOLS.has(tool))
          return said('allow', `${tool} changes nothing`, { kind: 'harmless' });
        return this.#rule() ?? noRuleAllows(tool);
    }
  }

  /** An allow rule for the tool, or for all that it is about. */
  #rule(): Said | undefined {
    const { touched, tool } = this.#seen;
    const rule = this.#rules.allow.find(({ tool: name, pattern }) => {
      if (!name.test(tool)) return false;
      if (pattern.kind === 'domain')
        return touched.kind === 'address' && pattern.matcher.test(touched.host);
      if (pattern.kind === 'agent')
        return touched.kind === 'agent' && pattern.name === touched.name;
      return pattern.kind === 'any';
    });
    return rule === undefined ? undefined : byRule('allow', rule);
  }

  #file(files: readonly SeenFile[]): Said {
    const [file] = files;
    if (file === undefined || file.places.length === 0)
      return said('ask', 'it is not known which file this is', { kind: 'not_understood' });
    return this.#fileAllowed(file) ?? this.#fileAsked(file);
  }

  #fileAsked(file: SeenFile): Said {
    if (this.#isSteering(file))
      return said('ask', `${file.text} steers other programs`, { kind: 'protected' });
    const verb = file.access === 'edit' ? 'editing' : 'reading';
    return noRuleAllows(`${verb} ${file.text}`);
  }

  #isSteering({ access, places }: SeenFile): boolean {
    return (
      access === 'edit' && places.some(({ named, real }) => isSteering(named) || isSteering(real))
    );
  }

  #fileAllowed(file: SeenFile): Said | undefined {
    if (this.#isSteering(file)) return undefined;
    const rule = this.#ruleForFile(file);
    if (rule !== undefined) return byRule('allow', rule);
    if (!this.#isInFolders(file)) return undefined;
    if (file.access === 'read')
      return said('allow', `${file.text} is in a working folder`, { kind: 'harmless' });
    return this.#mode === 'acceptEdits'
      ? said('allow', 'the mode acceptEdits allows edits in the working folders', BY_MODE)
      : undefined;
  }

  /** A link and what it leads to must both be allowed. */
  #ruleForFile({ access, places }: SeenFile): ScopedRule | undefined {
    const paths = new Set(places.flatMap(({ named, real }) => [named, real]));
    const rules = [...paths].map((path) =>
      this.#rules.allow.find((each) => allowsPath(each, access, path, this.#where)),
    );
    return rules.includes(undefined) ? undefined : rules[0];
  }

  /** Where it really is: a link may lead out of the folders. */
  #isInFolders({ places }: SeenFile): boolean {
    return places.length > 0 && places.every(({ real }) => this.#isInside(real));
  }

  #isInside(path: string): boolean {
    return this.#folders.some((folder) => isWithin(path, folder, this.#where.ignoresCase));
  }

  #command(line: string): Said {
    const whole = this.#rules.allow.find(({ tool, pattern }) => {
      if (!tool.test(this.#seen.tool)) return false;
      return pattern.kind === 'any' || (pattern.kind === 'command' && pattern.text === line.trim());
    });
    if (whole !== undefined) return byRule('allow', whole);
    const [doubt] = this.#seen.doubts;
    if (doubt !== undefined) {
      const place = doubt.text === '' ? '' : `: ${doubt.text.slice(0, 200)}`;
      return said('ask', `${doubt.reason}${place}`, { kind: 'not_understood' });
    }
    return this.#parts();
  }

  #parts(): Said {
    const parts = [
      ...this.#seen.files.map((file) => this.#fileAllowed(file) ?? this.#fileAsked(file)),
      ...this.#seen.commands.map((each) => this.#programAllowed(each) ?? this.#programAsked(each)),
    ];
    // A line without commands and redirections does nothing.
    if (parts.length === 0) return said('allow', 'it runs nothing', { kind: 'harmless' });
    const asked = askedTogether(parts.filter(({ decision }) => decision === 'ask'));
    const [first] = parts.filter(({ because }) => because.kind === 'rule');
    return (
      asked ??
      first ??
      said('allow', 'it only reads in the working folders', parts[0]?.because ?? BY_MODE)
    );
  }

  #programAsked({ command, files }: SeenCommand): Said {
    const edit = files.find((file) => file.access === 'edit' && !this.#isEditAllowed(file));
    if (edit !== undefined) return this.#fileAsked(edit);
    return noRuleAllows(command.text.slice(0, 200));
  }

  #programAllowed(each: SeenCommand): Said | undefined {
    const { command, files } = each;
    if (command.program === 'git' && !this.#isInWork(command.folders)) return undefined;
    if (isReading(command) && files.every((file) => this.#fileAllowed(file) !== undefined))
      return said('allow', `${command.program} only reads`, { kind: 'harmless' });
    const edits = files.filter(({ access }) => access === 'edit');
    if (!edits.every((file) => this.#isEditAllowed(file))) return undefined;
    const rule = this.#rules.allow.find(
      ({ pattern }) => pattern.kind === 'command' && allowsCommand(pattern, command),
    );
    if (rule !== undefined) return byRule('allow', rule);
    const isEdit =
      this.#mode === 'acceptEdits' && /^(?:mkdir|touch|cp|mv)$/.test(command.words[0]?.value ?? '');
    return isEdit &&
      command.environment.length === 0 &&
      files.every((file) => this.#isInFolders(file))
      ? said('allow', 'the mode acceptEdits allows edits in the working folders', BY_MODE)
      : undefined;
  }

  /** A program that a rule allows may change the files of the work; others as an edit may. */
  #isEditAllowed(file: SeenFile): boolean {
    if (this.#isSteering(file)) return false;
    return this.#isInFolders(file) || this.#fileAllowed(file) !== undefined;
  }

  /** `git` obeys the settings of the repository that it runs in. */
  #isInWork(folders: readonly string[] | undefined): boolean {
    return (
      folders?.every((folder) => this.#isInside(this.#seen.places.find('/', folder)?.real ?? '')) ??
      false
    );
  }

  /** What is not allowed yet, for suggestions. */
  #missing(): Missing | undefined {
    const { commands, files } = this.#seen;
    const all = [...files, ...commands.flatMap((each) => each.files)];
    if (all.some((file) => this.#isSteering(file))) return undefined;
    return {
      commands: commands.filter((each) => this.#programAllowed(each) === undefined),
      files: files.filter((file) => this.#fileAllowed(file) === undefined),
    };
  }
}

/** A policy that fails denies. */
const judgedBy = (policy: Policy, seen: Seen): Verdict | undefined => {
  try {
    return policy.judge(seen);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { decision: 'deny', reason: `the policy ${policy.name} failed: ${why}` };
  }
};
