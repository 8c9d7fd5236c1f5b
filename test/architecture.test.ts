/**
 * The shape of the code, read from its import lines: which way the folders lean, that nothing goes in
 * circles, which folder has which foreign library, who touches the journal. (Who touches the clock is the
 * linter's business: `scripts/lint/injected-time.grit`.)
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

interface Source {
  /** From the root, such as `src/otp/system.ts`. */
  readonly path: string;
  readonly text: string;
}

interface Import {
  readonly specifier: string;
  /** `import(…)`: loaded when it is needed. */
  readonly isLazy: boolean;
  /** `import type`: not there when the program runs. */
  readonly isType: boolean;
}

const sourcesBelow = (folder: string): Source[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sourcesBelow(path);
    return /\.tsx?$/.test(path) ? [{ path, text: readFileSync(join(ROOT, path), 'utf8') }] : [];
  });

const SOURCES = [...sourcesBelow('src'), ...sourcesBelow('supervisors')];

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');

const STATIC = /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*'([^']+)'|^\s*import\s*'([^']+)'/gm;
const LAZY = /\bimport\(\s*'([^']+)'\s*\)/g;

const importsOf = ({ text }: Source): Import[] => {
  const code = withoutComments(text);
  return [
    ...[...code.matchAll(STATIC)].map((match) => ({
      specifier: match[1] ?? match[2] ?? '',
      isLazy: false,
      isType: /^\s*(?:import|export)\s+type\b/.test(match[0]),
    })),
    ...[...code.matchAll(LAZY)].map((match) => ({
      specifier: match[1] ?? '',
      isLazy: true,
      isType: /\btypeof\s*$/.test(code.slice(0, match.index)), // `typeof import('x')`
    })),
  ];
};

/** The files of ours that a file imports. */
const targetsOf = (source: Source): (Import & { readonly path: string })[] =>
  importsOf(source)
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map((each) => ({
      ...each,
      path: relative(ROOT, resolve(ROOT, dirname(source.path), each.specifier)),
    }));

/** The folder below `src` that a file is in, such as `session/machine`; a door like `src/index.ts` is its own. */
const roomOf = (path: string): string => {
  const inner = path.startsWith('src/') ? path.slice(4) : path;
  const folder = dirname(inner);
  if (folder === '.') return inner.replace(/\.ts$/, '');
  return /^cli(\/|$)/.test(folder) ? 'cli' : folder;
};

/** Its first segment: `session`. */
const unitOf = (path: string): string => roomOf(path).split('/')[0] ?? '';

/**
 * Every folder, from the ground up. A file imports from its own folder and from lower floors only, so
 * neither folders nor units can go in a circle. A folder that is missing here fails.
 */
const FLOORS: readonly (readonly string[])[] = [
  ['otp', 'platform'],
  ['config'],
  // What is said of sessions
  ['model'],
  ['tags', 'pricing', 'query', 'calendar'],
  ['claude-code'],
  ['classic'],
  // Whether a tool call may run
  ['permissions/shell'],
  ['permissions/programs'],
  ['permissions'],
  // What sessions do
  ['session/memory'],
  ['session/ports'],
  ['session/mirror', 'session/tasks'],
  ['session/context'],
  ['session/transfer'],
  ['session/events'],
  ['session/machine'],
  ['session/tools'],
  ['session/prepare'],
  ['session/runtime'],
  ['session/running'],
  ['session/commits'],
  ['session/actor'],
  ['session/classic'],
  ['session/verbs/facts'],
  ['session/verbs'],
  ['session/api'],
  // What sessions need
  ['classic/stores/shared'],
  [
    'classic/stores/contract',
    'classic/stores/file',
    'classic/stores/postgres',
    'classic/stores/redis',
  ],
  ['classic/stores'],
  ['executor/pool'],
  ['executor/models', 'executor/history'],
  // Tools
  ['tools/tool'],
  ['tools/files'],
  ['tools/own', 'tools/search', 'tools/web'],
  ['tools/builtin'],
  ['tools/commands', 'tools/agents'],
  ['tools/results'],
  ['tools/mcp', 'tools/services'],
  ['tools'],
  ['hooks/commands'],
  ['hooks'],
  ['search/table'],
  ['search'],
  ['text', 'housekeeping', 'notifications', 'rehearsal', 'storage/files'],
  ['archives/pack'],
  ['archives/targets'],
  ['archives/backups'],
  ['archives'],
  ['budgets'],
  ['search/catalog', 'search/live'],
  ['storage/records'],
  ['storage/log'],
  ['storage/tables'],
  ['storage/verify'],
  ['storage/lmdb'],
  ['storage/journal'],
  ['storage/memory'],
  ['storage/backup'],
  // Doors
  ['approvals', 'metrics', 'traces'],
  ['gateway'],
  ['nats'],
  ['http/wire'],
  ['http/access'],
  ['http/streams'],
  ['http/rest'],
  ['http/classic'],
  ['http'],
  ['client'],
  // The page, in a browser
  ['dashboard/ground'],
  ['dashboard/parts'],
  ['dashboard/approvals'],
  ['dashboard/session', 'dashboard/sessions', 'dashboard/pages', 'dashboard/reader'],
  ['dashboard'],
  ['testing'],
  ['supervisors'],
  ['app'],
  ['classic-client', 'agent-sdk'],
  ['cli', 'stores'],
  ['index'],
];
const floorOf = (path: string): number => FLOORS.findIndex((floor) => floor.includes(roomOf(path)));

const GROUND = ['platform', 'config'];
const DOMAIN = [
  ...['otp', 'model', 'tags', 'pricing', 'query', 'calendar', 'claude-code', 'classic'],
  ...['permissions', 'session'],
];
const PARTS = [
  ...['executor', 'tools', 'hooks', 'search', 'text', 'storage', 'housekeeping', 'rehearsal'],
  ...['approvals', 'metrics', 'traces', 'notifications', 'budgets', 'archives'],
];

/** What each unit may import, besides itself and the ground: less than the floors would let it. */
const LEANS: Readonly<Record<string, readonly string[]>> = {
  platform: [],
  config: [],
  otp: [],
  model: [],
  tags: ['model'],
  pricing: ['model'],
  query: ['model'],
  calendar: ['model'],
  'claude-code': ['model', 'pricing'],
  classic: ['otp', 'model', 'tags'],
  permissions: ['model', 'classic'],
  session: DOMAIN,
  ...Object.fromEntries(PARTS.map((unit) => [unit, DOMAIN])),
  budgets: [...DOMAIN, 'storage'],
  tools: [...DOMAIN, 'executor'],
  hooks: [...DOMAIN, 'tools'],
  gateway: DOMAIN,
  nats: [...DOMAIN, 'gateway'],
  http: [...DOMAIN, 'metrics', 'gateway', 'nats'],
  client: [...DOMAIN, 'gateway', 'nats'],
  dashboard: ['model', 'session'],
  'agent-sdk': [...DOMAIN, 'executor', 'approvals', 'tools', 'app'],
  'classic-client': [...DOMAIN, 'executor', 'approvals', 'client', 'app'],
  cli: [...DOMAIN, 'client', 'nats'],
  supervisors: [...DOMAIN, ...PARTS, 'nats', 'http'],
  app: [...DOMAIN, ...PARTS, 'nats', 'http', 'supervisors'],
  testing: ['otp', 'rehearsal'],
  index: [
    ...DOMAIN,
    'executor',
    'nats',
    'client',
    'classic-client',
    'app',
    'approvals',
    'tools',
    'stores',
  ],
  stores: [...DOMAIN, 'storage', 'supervisors', 'app'],
};

describe('imports', () => {
  test('come from the same folder or from a lower floor', () => {
    const wrong = SOURCES.flatMap((source) =>
      targetsOf(source)
        .filter(({ path }) => roomOf(path) !== roomOf(source.path))
        .filter(({ path }) => !(0 <= floorOf(path) && floorOf(path) < floorOf(source.path)))
        .map(({ path }) => `${source.path} → ${path}`),
    );
    expect(wrong).toEqual([]);
  });

  test('lean one way', () => {
    const wrong = SOURCES.flatMap((source) =>
      targetsOf(source)
        .filter((target) => !mayImport(source.path, target))
        .map((target) => `${source.path} → ${target.path}`),
    );
    expect(wrong).toEqual([]);
  });

  const mayImport = (from: string, { path, isLazy }: { path: string; isLazy: boolean }) => {
    const [unit, target] = [unitOf(from), unitOf(path)];
    if (unit === target) return true;
    // The runtime is a library of its own: it stands on nothing, not even on the ground.
    if (GROUND.includes(target)) return unit !== 'otp';
    if (from === 'src/cli/daemon-parts.ts' && isLazy)
      return ['app', 'nats', 'storage'].includes(target);
    return LEANS[unit]?.includes(target) ?? false;
  };

  test('never go in a circle', () => {
    const edges = new Map(
      SOURCES.map((source) => [
        source.path,
        targetsOf(source).flatMap((target) => (target.isLazy ? [] : [target.path])),
      ]),
    );
    expect(circleIn(edges)).toEqual([]);
  });

  test('name files that exist, with their endings', () => {
    const paths = new Set(SOURCES.map((source) => source.path));
    const missing = SOURCES.flatMap((source) =>
      targetsOf(source)
        .filter((target) => !paths.has(target.path))
        .map((target) => `${source.path} → ${target.path}`),
    );
    expect(missing).toEqual([]);
  });

  test('keep each foreign library in one place', () => {
    const places: Readonly<Record<string, readonly string[]>> = {
      '@anthropic-ai/sdk': ['executor'],
      '@cantoo/pdf-lib': ['tools'],
      aws4fetch: ['archives'],
      '@modelcontextprotocol/client': ['tools'],
      '@opentelemetry/api': ['traces'],
      '@preact/signals': ['dashboard'],
      commander: ['cli'],
      croner: ['calendar'],
      libsql: ['text'],
      lmdb: ['storage'],
      msgpackr: ['storage'],
      nats: ['nats', 'client'],
      pg: ['classic'],
      pino: ['platform'],
      piscina: ['executor'],
      preact: ['dashboard'],
      redis: ['classic'],
      unbash: ['permissions'],
      yauzl: ['archives'],
      yazl: ['archives'],
      zod: Object.keys(LEANS),
    };
    const wrong = SOURCES.flatMap((source) =>
      importsOf(source)
        .map(({ specifier }) => specifier)
        .filter((specifier) => !/^(\.|node:)/.test(specifier))
        .filter((specifier) => !places[libraryOf(specifier)]?.includes(unitOf(source.path)))
        .map((specifier) => `${source.path}: ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test('give each thread and child no more to load than its work needs', () => {
    const needed: Readonly<Record<string, readonly string[]>> = {
      'src/executor/models/model-worker.ts': ['@anthropic-ai/sdk'],
      'src/storage/lmdb/writer-thread.ts': ['lmdb', 'msgpackr'],
      'src/text/index-child.ts': ['libsql'],
      'src/tools/tools-worker.ts': ['zod'],
      'src/tools/module-worker.ts': ['zod'],
      'src/tools/commands/launcher-child.ts': [],
      'src/hooks/commands/hook-launcher-child.ts': [],
      'src/hooks/module-worker.ts': [],
      'src/archives/archive-thread.ts': ['yauzl', 'yazl', 'zod'],
    };
    for (const [file, libraries] of Object.entries(needed))
      expect([...librariesFrom(file)].toSorted(), file).toEqual(libraries);
  });

  /** What a file loads from outside, itself and through the files that it imports. */
  const librariesFrom = (file: string): ReadonlySet<string> => {
    const byPath = new Map(SOURCES.map((source) => [source.path, source]));
    const files = new Set([file]);
    const libraries = new Set<string>();
    for (const path of files) {
      const source = byPath.get(path);
      if (source === undefined) throw new Error(`${path} is not there`);
      for (const { path: target, isType } of targetsOf(source)) if (!isType) files.add(target);
      for (const { specifier, isType } of importsOf(source))
        if (!isType && !/^(\.|node:)/.test(specifier)) libraries.add(libraryOf(specifier));
    }
    return libraries;
  };

  const libraryOf = (specifier: string): string =>
    specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/');
});

/** The first circle found, as a path that ends where it began; nothing if there is none. */
const circleIn = (edges: ReadonlyMap<string, readonly string[]>): string[] => {
  const done = new Set<string>();
  const visit = (node: string, trail: readonly string[]): string[] => {
    if (trail.includes(node)) return [...trail.slice(trail.indexOf(node)), node];
    if (done.has(node)) return [];
    for (const next of edges.get(node) ?? []) {
      const circle = visit(next, [...trail, node]);
      if (circle.length > 0) return circle;
    }
    done.add(node);
    return [];
  };
  for (const node of edges.keys()) {
    const circle = visit(node, []);
    if (circle.length > 0) return circle;
  }
  return [];
};

/** Files whose code matches, with the match. */
const matches = (pattern: RegExp, sources: readonly Source[] = SOURCES): string[] =>
  sources.flatMap(({ path, text }) =>
    [...withoutComments(text).matchAll(pattern)].map((match) => `${path}: ${match[0].trim()}`),
  );

describe('the code', () => {
  test('commits from one place only', () => {
    expect(matches(/\.commit\(/g)).toEqual(['src/session/commits/commit-loop.ts: .commit(']);
  });

  test('keeps no state in modules', () => {
    expect(matches(/^(?:export )?(?:let|var) .*/gm)).toEqual([]);
  });

  test('keeps nothing between two steps in the executor', () => {
    const executor = SOURCES.filter(({ path }) => path.startsWith('src/executor/'));
    const collections =
      /^(?:export )?const \w+(?:: (?!Readonly)[^=]+)? = (?:new (?:Map|Set|WeakMap|WeakSet)\b|\[\]|\{\}).*/gm;
    expect(matches(collections, executor)).toEqual([]);
  });

  test('names no place on the machine that it was written on', () => {
    const files = [...SOURCES, ...sourcesBelow('test')];
    const found = files.filter(({ text }) => /['"`( ]\/(?:w[o]rk|f[a]rm|root)\//.test(text));
    expect(found.map(({ path }) => path)).toEqual([]);
  });
});
