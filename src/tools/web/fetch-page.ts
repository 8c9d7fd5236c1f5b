/**
 * Fetches a page. The name is looked up once, each of its addresses has to be a public one, and the connection goes to one
 * of these: a name that gives another answer the second time gains nothing. That holds for each redirection again.
 */
import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns/promises';
import { type IncomingMessage, request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { Refusal } from '../tool/refusal.ts';
import type { WebSettings } from '../tool/tool.ts';
import { isPrivate } from './private-address.ts';
import { hostOf, isAllowedPrivate, isSameHost, webAddress } from './web-address.ts';

/** Bytes of a page, as it comes and unpacked. */
export const MAX_PAGE_BYTES = 10 * 1024 * 1024;
const MAX_REDIRECTS = 10;
const MAX_HEADER_BYTES = 64 * 1024;

export interface Page {
  readonly type: 'page';
  readonly url: string;
  readonly status: number;
  readonly statusText: string;
  /** As `text/html; charset=utf-8`. */
  readonly contentType: string;
  readonly bytes: Buffer;
  /** It was longer than a page may be. */
  readonly isCut: boolean;
}

export type Fetched = Page | { readonly type: 'moved'; readonly from: string; readonly to: string };

export type LookUp = (host: string) => Promise<readonly LookupAddress[]>;

export interface FetchOptions {
  readonly settings: WebSettings;
  readonly signal: AbortSignal;
  /** Default the system's. */
  readonly lookUp?: LookUp;
}

const lookUpAll: LookUp = (host) => systemLookup(host, { all: true });

/** Throws a `Refusal` for what is not fetched and what does not answer. */
export const fetchPage = async (address: string, options: FetchOptions): Promise<Fetched> => {
  let url = webAddress(address, options.settings);
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const response = await ask(url, options);
    const target = targetOf(response, url);
    if (target === undefined) return pageOf(response, url, options.signal);
    response.destroy();
    if (!isSameHost(new URL(target), url)) return { type: 'moved', from: url.href, to: target };
    url = webAddress(target, options.settings);
  }
  throw new Refusal(`${address} was redirected more than ${MAX_REDIRECTS} times.`);
};

const targetOf = ({ statusCode = 0, headers }: IncomingMessage, from: URL): string | undefined => {
  const { location } = headers;
  if (![301, 302, 303, 307, 308].includes(statusCode) || location === undefined) return undefined;
  if (!URL.canParse(location, from.href))
    throw new Refusal(`${from.href} redirects to what is no address.`);
  return new URL(location, from).href;
};

/** @returns the address to connect to. */
const checkedAddress = async (url: URL, options: FetchOptions): Promise<LookupAddress> => {
  const host = hostOf(url);
  const family = isIP(host);
  const found =
    family === 0
      ? await (options.lookUp ?? lookUpAll)(host).catch(notFound(host))
      : [{ address: host, family }];
  const [first] = found;
  if (first === undefined) throw new Refusal(`${host} has no address.`);
  if (isAllowedPrivate(url, options.settings)) return first;
  const closed = found.find(({ address }) => isPrivate(address));
  if (closed !== undefined)
    throw new Refusal(
      `${host} is at ${closed.address}, which is not on the open internet. Such hosts are not fetched unless they are allowed by name.`,
    );
  return first;
};

const notFound =
  (host: string) =>
  (error: unknown): never => {
    const { code = 'no answer' } = error as NodeJS.ErrnoException;
    throw new Refusal(`The name ${host} could not be looked up (${code}).`);
  };

const ask = async (url: URL, options: FetchOptions): Promise<IncomingMessage> => {
  const { address, family } = await checkedAddress(url, options);
  const { signal } = options;
  signal.throwIfAborted();
  const pinned: LookupFunction = (_, { all }, done) =>
    all === true ? done(null, [{ address, family }]) : done(null, address, family);
  const request = url.protocol === 'https:' ? overHttps : overHttp;
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      signal,
      lookup: pinned,
      agent: false, // a connection that is kept was checked for another name
      maxHeaderSize: MAX_HEADER_BYTES,
      headers: {
        accept: 'text/markdown, text/html, text/plain, application/json, */*;q=0.5',
        'accept-encoding': 'gzip, deflate, br',
        'user-agent': 'Greenroom',
      },
    });
    asked.on('response', resolve);
    asked.on('error', (error) => reject(broken(url, error, signal)));
    asked.end();
  });
};

const broken = (url: URL, error: unknown, signal: AbortSignal): unknown => {
  if (signal.aborted) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new Refusal(`${url.host} could not be fetched: ${code ?? message}.`);
};

const pageOf = async (response: IncomingMessage, url: URL, signal: AbortSignal): Promise<Page> => {
  try {
    const { bytes, isCut } = await bodyOf(response);
    return {
      type: 'page',
      url: url.href,
      status: response.statusCode ?? 0,
      statusText: response.statusMessage ?? '',
      contentType: response.headers['content-type'] ?? '',
      bytes,
      isCut,
    };
  } catch (error) {
    throw broken(url, error, signal);
  } finally {
    response.destroy();
  }
};

/** Unpacked, and no more of it than a page may have: a small packet can hold gigabytes. */
const bodyOf = async (response: IncomingMessage) => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of unpacked(response)) {
    const part = chunk as Buffer;
    const room = MAX_PAGE_BYTES - length;
    chunks.push(part.subarray(0, room));
    length += Math.min(part.length, room);
    if (part.length > room) return { bytes: Buffer.concat(chunks), isCut: true };
  }
  return { bytes: Buffer.concat(chunks), isCut: false };
};

const unpacked = (response: IncomingMessage): AsyncIterable<unknown> => {
  const unpack = unpackerOf(response.headers['content-encoding']);
  if (unpack === undefined) return response;
  response.on('error', (error) => unpack.destroy(error));
  return response.pipe(unpack);
};

const unpackerOf = (encoding: string | undefined) => {
  switch (encoding?.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      return undefined;
  }
};
