/** Where a request's token stands: in its `Authorization` header, or, of our own page, in a cookie. */
import type { IncomingHttpHeaders } from 'node:http';
import { GreenroomError } from '../../model/errors.ts';
import { type Grant, PAGE_MS, type TokenBook } from './token-book.ts';

/** Cookies are shared by all ports of a host: each daemon there has its own. */
export const cookieNameOf = (port: number): string => `greenroom_${port}`;

/** Who asks. */
export interface Caller {
  readonly grant: Grant;
  /** A browser sends cookies by itself, also with requests that another page has made. */
  readonly isByCookie: boolean;
}

/** Throws `unauthorized` for a request without a token, or with one that opens nothing. */
export const callerOf = (
  headers: IncomingHttpHeaders,
  tokens: TokenBook,
  cookieName: string,
): Caller => {
  const { authorization, cookie } = headers;
  const isByCookie = authorization === undefined;
  const token = isByCookie ? cookieIn(cookie, cookieName) : bearerIn(authorization);
  if (token === undefined)
    throw new GreenroomError(
      'unauthorized',
      'a token is needed: Authorization: Bearer grm_…; `greenroom tokens create` makes one, `greenroom open` lets a browser in',
    );
  const grant = tokens.grantOf(token);
  // What a browser's cookie holds is worth nothing in a header, and the other way round.
  if (grant === undefined || (grant.kind === 'page') !== isByCookie)
    throw new GreenroomError('unauthorized', 'the token is unknown, revoked or has expired');
  return { grant, isByCookie };
};

const bearerIn = (authorization: string): string | undefined =>
  /^bearer +(\S+)$/i.exec(authorization)?.[1];

const cookieIn = (cookie: string | undefined, wanted: string): string | undefined => {
  for (const part of (cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === wanted) return value;
  }
  return undefined;
};

/** @param isSecure whether browsers reach us by TLS. */
export const cookieOf = (name: string, token: string, isSecure: boolean): string =>
  `${name}=${token}; Path=/; Max-Age=${PAGE_MS / 1_000}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
