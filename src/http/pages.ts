/**
 * The page: what the build made of `src/dashboard`. They are read once, at the start; nothing else of the disk can be asked
 * for. There is nothing secret in them, so no token is needed; what they show they ask for with one.
 */
import { createHash, hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { builtFile } from '../platform/compiled.ts';
import { type Exchange, send, sendEmpty } from './wire/exchange.ts';
import { HttpError } from './wire/problem.ts';

/** Where the build puts the page. */
const folderOfPage = (): string => dirname(builtFile('src/dashboard/index.html'));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
};

interface Page {
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
  readonly policy: string;
}

/** Addresses of views: the page itself answers them all. */
const VIEW =
  /^\/(?:(?:sessions|approvals|tree|turns|costs|audit|health|search|settings)(?:\/[\w.-]*)*)?$/;

/** The reader of the API's description. */
export const READER = '/v1/docs';

/** Maps of names to files may stand in a page: what they say is named by its hash. */
const IMPORT_MAP = /<script type="importmap">([\s\S]*?)<\/script>/g;

const policyOf = (html: string): string => {
  const maps = [...html.matchAll(IMPORT_MAP)].map(
    ([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
  );
  return [
    "default-src 'self'",
    ["script-src 'self'", ...maps].join(' '),
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
};

export class Pages {
  readonly #files: ReadonlyMap<string, Page>;

  /** @param folder what is in it, and below. */
  constructor(folder: string = folderOfPage()) {
    this.#files = new Map(existsSync(folder) ? filesIn(folder, '') : []);
  }

  /** How large each file is, as `of` has it. */
  sizes(of: (body: Buffer) => number): readonly number[] {
    return [...this.#files.values()].map(({ body }) => of(body));
  }

  /** Throws `unknown_path`, and `method_not_allowed`. */
  answer(exchange: Exchange): void {
    const { method, path, message } = exchange;
    const isLook = method === 'GET' || method === 'HEAD';
    const known = this.#files.get(fileOf(path));
    // a person who has mistyped an address gets the page, which says so and leads on
    const isPerson = isLook && message.headers.accept?.includes('text/html') === true;
    const page = known ?? (isPerson ? this.#files.get('/index.html') : undefined);
    if (page === undefined) throw new HttpError('unknown_path', 'there is no such page');
    if (!isLook)
      throw new HttpError('method_not_allowed', 'it takes GET, HEAD', { Allow: 'GET, HEAD' });
    const { type, body, etag, policy } = page;
    const headers = {
      // Asked for again each time, and sent only if it has changed: a new version is there at once.
      'Cache-Control': 'no-cache',
      ETag: etag,
      'Content-Security-Policy': policy,
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
    };
    if (known !== undefined && message.headers['if-none-match'] === etag)
      return sendEmpty(exchange, 304, headers);
    send(exchange, { status: known === undefined ? 404 : 200, type, body, headers });
  }
}

const fileOf = (path: string): string => {
  if (path === READER) return '/reader.html';
  return VIEW.test(path) ? '/index.html' : path;
};

function* filesIn(folder: string, below: string): Generator<[string, Page]> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const name = `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* filesIn(path, name);
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const body = readFileSync(path);
    const etag = `"${hash('sha256', body).slice(0, 32)}"`;
    yield [
      name,
      { type, body, etag, policy: policyOf(type.startsWith('text/html') ? String(body) : '') },
    ];
  }
}
