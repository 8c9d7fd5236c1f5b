/** The first look at each request: where it comes from, what it is for, who asks. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { GreenroomError } from '../model/errors.ts';
import type { Clock } from '../otp/clock.ts';
import { type Caller, callerOf, cookieOf } from './access/credentials.ts';
import { type Hosts, mustBeOurs } from './access/guard.ts';
import type { RateLimit } from './access/rate-limit.ts';
import type { TokenBook } from './access/token-book.ts';
import { isObserved, observed } from './answers.ts';
import type { Classic } from './classic/classic.ts';
import type { Observer } from './observer.ts';
import { type Pages, READER } from './pages.ts';
import type { Rest } from './rest/rest.ts';
import { type Exchange, exchangeOf, send, sendEmpty, sendProblem } from './wire/exchange.ts';
import { HttpError } from './wire/problem.ts';
import { Together } from './wire/together.ts';

export interface FrontOptions {
  readonly rest: Rest;
  readonly classic: Classic;
  readonly observer: Observer;
  readonly pages: Pages;
  readonly hosts: Hosts;
  readonly clock: Pick<Clock, 'defer'>;
  readonly isSecure: boolean;
  readonly cookieName: string;
  /** undefined: there is no limit. */
  readonly rateLimit: RateLimit | undefined;
  /** undefined: they are being restarted. */
  readonly tokens: () => TokenBook | undefined;
  /** The peer is no stranger any more. */
  readonly letIn: (socket: Socket) => void;
  readonly onBug: (error: unknown, request: string) => void;
}

/** What a connection has shown. */
interface Shown {
  readonly authorization: string;
  readonly caller: Caller;
}

const isApi = (path: string): boolean =>
  path !== READER &&
  (path.startsWith('/v1/') || path === '/v1' || path === '/openapi.json' || isClassic(path));

const isClassic = (path: string): boolean => path.startsWith('/api/');

export class Front {
  readonly #options: FrontOptions;
  readonly #shown = new WeakMap<Socket, Shown>();
  readonly #together: Together<Exchange>;

  constructor(options: FrontOptions) {
    this.#options = options;
    const begin = (exchange: Exchange) => {
      try {
        this.#begin(exchange);
      } catch (error) {
        this.#failed(exchange, error);
      }
    };
    this.#together = new Together(begin, options.clock);
  }

  /** Answers it, whatever comes of it. */
  handle(message: IncomingMessage, response: ServerResponse): void {
    this.#together.take(exchangeOf(message, response));
  }

  #begin(exchange: Exchange): void {
    const { path, message } = exchange;
    const { rest, classic, pages, hosts } = this.#options;
    mustBeOurs(message.headers, hosts);
    if (isObserved(path)) return this.#observe(exchange);
    if (!isApi(path)) {
      if (path === '/open') return this.#open(exchange);
      return pages.answer(exchange);
    }
    const caller = this.#callerOf(exchange);
    const limited = this.#options.rateLimit?.count(caller.grant);
    for (const name in limited) exchange.response.setHeader(name, limited[name] ?? '');
    if (isClassic(path)) return classic.answer(exchange, caller);
    rest.answer(exchange, caller);
  }

  /** Programs ask again and again on one connection: what it has shown there needs no second look, but whether it is void by now. */
  #callerOf({ message: { headers, socket } }: Exchange): Caller {
    const tokens = this.#tokens();
    const { authorization } = headers;
    const before = this.#shown.get(socket);
    const isSame = before !== undefined && before.authorization === authorization;
    if (isSame && tokens.isUsedAgain(before.caller.grant)) return before.caller;
    const caller = callerOf(headers, tokens, this.#options.cookieName);
    this.#options.letIn(socket);
    if (authorization !== undefined) this.#shown.set(socket, { authorization, caller });
    return caller;
  }

  #observe(exchange: Exchange): void {
    const { observer, tokens, cookieName } = this.#options;
    observed(exchange, observer, tokens(), cookieName)
      .then((answer) => send(exchange, answer))
      .catch((error: unknown) => this.#failed(exchange, error));
  }

  /** A ticket is given for a cookie, once, and the browser goes to the page. */
  #open(exchange: Exchange): void {
    const { cookieName, isSecure } = this.#options;
    if (exchange.method !== 'GET')
      throw new HttpError('method_not_allowed', 'it takes GET', { Allow: 'GET' });
    const ticket = new URLSearchParams(exchange.query).get('ticket') ?? '';
    const token = this.#tokens().redeem(ticket);
    // a person who comes by an old address gets the page, which says what to do, if it is still to be done
    if (token === undefined && exchange.message.headers.accept?.includes('text/html') === true) {
      sendEmpty(exchange, 303, { Location: '/', 'Content-Length': '0' });
      return;
    }
    if (token === undefined)
      throw new GreenroomError(
        'unauthorized',
        'this address was used, or is older than a minute: `greenroom open` gives another one',
      );
    sendEmpty(exchange, 303, {
      Location: '/',
      'Set-Cookie': cookieOf(cookieName, token, isSecure),
      'Referrer-Policy': 'no-referrer',
      'Content-Length': '0',
    });
  }

  #tokens(): TokenBook {
    const tokens = this.#options.tokens();
    if (tokens !== undefined) return tokens;
    throw new GreenroomError('unavailable', 'the tokens are being restarted', {
      retryAfterMs: 500,
    });
  }

  /** Whoever was not let in finds the connection closed. */
  #failed(exchange: Exchange, error: unknown): void {
    exchange.response.shouldKeepAlive = false;
    const code = sendProblem(exchange, error);
    if (code === 'internal') this.#options.onBug(error, `${exchange.method} ${exchange.path}`);
  }
}
