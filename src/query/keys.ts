/**
 * The keys of a query: how each is spelt, what values it takes, and which criteria it stands for. A further key is a row
 * here; the reference page is made from this table.
 */
import type { Condition } from '../model/criteria.ts';
import { MODES, PERMISSION_MODES, STATUSES } from '../model/words.ts';

/** A value of a range, as criteria take it: both ends belong to it. */
export interface Bounds {
  readonly least?: number;
  readonly most?: number;
}

interface KeyFacts {
  /** Other words for it. */
  readonly alsoAs?: readonly string[];
  /** What it finds, for people. */
  readonly finds: string;
  readonly example: string;
}

export type Key = KeyFacts &
  (
    | {
        readonly takes: 'text';
        readonly criteria: (text: string) => Condition;
        /** For `value*`; absent: it takes no star. undefined: not this prefix. */
        readonly prefix?: (text: string) => Condition | undefined;
      }
    | {
        readonly takes: 'word';
        readonly words: readonly string[];
        readonly criteria: (word: string) => Condition;
      }
    | {
        /** `step`: the smallest difference between two values. */
        readonly takes: 'money' | 'count' | 'moment';
        readonly step: number;
        readonly criteria: (bounds: Bounds) => Condition;
      }
  );

/** A directory with a star is everything below it; the star stands for whole names. */
const below = (text: string): Condition | undefined =>
  /[/\\]$/.test(text) ? { underDirectory: text.slice(0, -1) || '/' } : undefined;

/** What a session can be asked to have. */
const HAVING = { errors: 'hasErrors', archive: 'hasArchive', approval: 'hasApproval' } as const;

const status = (word: string): Condition => ({ status: word as (typeof STATUSES)[number] });

const table = {
  tag: {
    takes: 'text',
    finds: 'sessions with that tag; with a star, with a tag that begins so',
    example: 'tag:review tag:team/*',
    criteria: (tag) => ({ tags: [tag] }),
    prefix: (tagPrefix) => ({ tagPrefix }),
  },
  tool: {
    takes: 'text',
    finds: 'sessions in which that tool was used; with a star, one whose name begins so',
    example: 'tool:Bash tool:mcp__github__*',
    criteria: (tool) => ({ tool }),
    prefix: (toolPrefix) => ({ toolPrefix }),
  },
  has: {
    takes: 'word',
    words: Object.keys(HAVING),
    finds:
      '`errors`: sessions in which a turn, a model call or a tool failed; `archive`: sessions that stand in an archive; `approval`: sessions of which something waits for the answer of a person',
    example: 'has:errors',
    criteria: (word) => ({ [HAVING[word as keyof typeof HAVING]]: true }),
  },
  status: {
    takes: 'word',
    words: STATUSES,
    alsoAs: ['is'],
    finds: 'sessions in that status',
    example: 'status:parked',
    criteria: status,
  },
  mode: {
    takes: 'word',
    words: MODES,
    finds: 'sessions in that mode',
    example: 'mode:background',
    criteria: (word) => ({ mode: word as (typeof MODES)[number] }),
  },
  model: {
    takes: 'text',
    finds:
      'sessions with that model; with a star, one whose name begins so, with or without `claude-`',
    example: 'model:opus*',
    criteria: (model) => ({ model }),
    prefix: (modelPrefix) => ({ modelPrefix }),
  },
  dir: {
    takes: 'text',
    alsoAs: ['cwd'],
    finds:
      'sessions that worked in that directory, with or without a slash behind it; with `/*`, in it or below it; several slashes are one',
    example: 'dir:/srv/app/*',
    criteria: (workingDirectory) => ({ workingDirectory }),
    prefix: below,
  },
  cost: {
    takes: 'money',
    step: 1e-9,
    finds: 'sessions that cost so many dollars',
    example: 'cost:>0.5 cost:1..5',
    criteria: ({ least, most }) => ({ minCostUsd: least, maxCostUsd: most }),
  },
  tokens: {
    takes: 'count',
    step: 1,
    finds: 'sessions whose answers took so many tokens, the cache included',
    example: 'tokens:10k..50k',
    criteria: ({ least, most }) => ({ minTokens: least, maxTokens: most }),
  },
  turns: {
    takes: 'count',
    step: 1,
    finds: 'sessions with so many turns',
    example: 'turns:10..',
    criteria: ({ least, most }) => ({ minTurns: least, maxTurns: most }),
  },
  updated: {
    takes: 'moment',
    step: 1,
    finds: 'sessions that changed then',
    example: 'updated:7d.. updated:..2026-11-20',
    criteria: ({ least, most }) => ({ updatedAfter: least, updatedBefore: most }),
  },
  created: {
    takes: 'moment',
    step: 1,
    finds: 'sessions that were made then',
    example: 'created:2026-11',
    criteria: ({ least, most }) => ({ createdAfter: least, createdBefore: most }),
  },
  id: {
    takes: 'text',
    finds: 'sessions whose id begins so',
    example: 'id:9f2c*',
    criteria: (idPrefix) => ({ idPrefix }),
    prefix: (idPrefix) => ({ idPrefix }),
  },
  owner: {
    takes: 'text',
    finds: 'sessions of that owner',
    example: 'owner:ann',
    criteria: (owner) => ({ owner }),
  },
  parent: {
    takes: 'text',
    finds: 'sessions that were forked from that one',
    example: 'parent:9f2c1b',
    criteria: (parentId) => ({ parentId }),
  },
  child: {
    takes: 'text',
    finds: 'sub-agents of that session',
    example: 'child:9f2c1b',
    criteria: (childOf) => ({ childOf }),
  },
  key: {
    takes: 'text',
    finds: 'the session with that external key',
    example: 'key:ticket-7',
    criteria: (externalKey) => ({ externalKey }),
  },
  project: {
    takes: 'text',
    finds: "sessions of that project of the Agent SDK's",
    example: 'project:-srv-app',
    criteria: (projectKey) => ({ projectKey }),
  },
  template: {
    takes: 'text',
    finds: 'sessions with that `templateId`',
    example: 'template:triage',
    criteria: (templateId) => ({ templateId }),
  },
  permission: {
    takes: 'word',
    words: PERMISSION_MODES,
    finds: 'sessions with that permission mode',
    example: 'permission:plan',
    criteria: (word) => ({ permissionMode: word as (typeof PERMISSION_MODES)[number] }),
  },
} as const satisfies Readonly<Record<string, Key>>;

export const KEYS: ReadonlyMap<string, Key> = new Map(Object.entries(table));

const BY_SPELLING: ReadonlyMap<string, string> = new Map(
  [...KEYS].flatMap(([name, { alsoAs = [] }]) => [name, ...alsoAs].map((word) => [word, name])),
);

/** The key's own name; undefined for a word that is no key. */
export const keyNamed = (word: string): string | undefined => BY_SPELLING.get(word.toLowerCase());

/** All words that are keys, `sort` among them. */
export const keyWords = (): readonly string[] => [...BY_SPELLING.keys(), 'sort'];
