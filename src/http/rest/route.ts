/**
 * A route is data: method, path, and which verb it is. What a path names goes into the verb's request under the same name;
 * so does the query of a GET and the body of all others. `sessionId` says which session it is about.
 */
import type { VerbKind } from '../../gateway/dispatch.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

interface Address {
  readonly method: Method;
  /** Segments in braces are taken by name: `/v1/sessions/{sessionId}`. */
  readonly path: string;
}

export interface VerbRoute extends Address {
  readonly does: 'verb';
  readonly kind: VerbKind;
  readonly verb: string;
  /** Of a success; default 200. */
  readonly status?: number;
  /** What its request always says. */
  readonly fixed?: Readonly<Record<string, unknown>>;
  /** A field of the request that is made of a name of the path: `{ tags: 'tag' }` is the list of that one. */
  readonly listed?: Readonly<Record<string, string>>;
  /** It shows one session: its version is the `ETag`. */
  readonly showsSession?: true;
  /** What it made: where that is. */
  readonly makes?: 'session';
}

/** What is not one request and one reply. */
export interface OtherRoute extends Address {
  readonly does: 'create' | 'turn' | 'events' | 'all-events' | 'watch' | 'download' | 'openapi';
}

export type Route = VerbRoute | OtherRoute;

export interface Match {
  readonly route: Route;
  readonly names: Readonly<Record<string, string>>;
}

interface Node {
  readonly literal: Map<string, Node>;
  readonly methods: Map<Method, { readonly route: Route; readonly names: readonly string[] }>;
  named: Node | undefined;
}

const newNode = (): Node => ({ literal: new Map(), methods: new Map(), named: undefined });

/** Routes by their segments: a literal one goes before a name. Of two for one address the first counts. */
export class RouteTable {
  readonly routes: readonly Route[];
  readonly #root = newNode();

  constructor(routes: readonly Route[]) {
    this.routes = routes.filter((route) => this.#add(route));
  }

  /** undefined: there is no such path. Without a route: it does not take the method. */
  find(method: string, path: string): Match | { readonly allowed: readonly Method[] } | undefined {
    const values: string[] = [];
    const node = walk(this.#root, path.split('/'), 1, values);
    if (node === undefined) return undefined;
    const found = node.methods.get((method === 'HEAD' ? 'GET' : method) as Method);
    if (found === undefined) return { allowed: [...node.methods.keys()] };
    const names: Record<string, string> = {};
    found.names.forEach((name, at) => {
      names[name] = values[at] ?? '';
    });
    return { route: found.route, names };
  }

  #add(route: Route): boolean {
    const names: string[] = [];
    let node = this.#root;
    for (const segment of route.path.split('/').slice(1)) {
      const [, name] = /^\{(\w+)\}$/.exec(segment) ?? [];
      if (name !== undefined) {
        names.push(name);
        node.named ??= newNode();
        node = node.named;
        continue;
      }
      const next = node.literal.get(segment) ?? newNode();
      node.literal.set(segment, next);
      node = next;
    }
    if (node.methods.has(route.method)) return false;
    node.methods.set(route.method, { route, names });
    return true;
  }
}

const walk = (
  node: Node,
  segments: readonly string[],
  at: number,
  values: string[],
): Node | undefined => {
  if (at === segments.length) return node.methods.size === 0 ? undefined : node;
  const segment = segments[at] ?? '';
  const literal = node.literal.get(segment);
  const found = literal && walk(literal, segments, at + 1, values);
  if (found !== undefined) return found;
  const value = node.named && decoded(segment);
  if (node.named === undefined || value === undefined || value === '') return undefined;
  const length = values.push(value);
  const below = walk(node.named, segments, at + 1, values);
  if (below === undefined) values.length = length - 1;
  return below;
};

/** undefined: it is no UTF-8 in per cent, or it holds what would be a path of its own. */
const decoded = (segment: string): string | undefined => {
  if (!segment.includes('%')) return segment;
  try {
    const text = decodeURIComponent(segment);
    return /[/\\\0]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
};
