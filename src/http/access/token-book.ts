/**
 * The tokens of the HTTP gateway: who may come in, and how much they may do. It owns their list, which is written down
 * with each change, and the tickets, which live a minute and are nowhere else.
 *
 * Invariants: (1) a change counts once it is durable; (2) a token that is revoked or has expired opens nothing from then
 * on; (3) a ticket opens once; (4) all of it is bounded.
 */
import { GreenroomError } from '../../model/errors.ts';
import type { Tenant } from '../../model/ids.ts';
import { iso } from '../../model/moment.ts';
import type { Clock } from '../../otp/clock.ts';
import type { NewToken, TokenView } from '../../session/verbs/token-verbs.ts';
import { NEEDS, type Need } from '../../session/verbs/verb-facts.ts';
import { normaliseTag } from '../../tags/tags.ts';
import { hashOf, isSecret, newToken, partsOf, secretText, tokenOf } from './token.ts';
import type { TokenRecord } from './token-file.ts';

/** Tokens of all tenants. */
export const MAX_TOKENS = 1_000;
/** Browsers that were let in, of them; the oldest goes. */
export const MAX_PAGES = 50;
const MAX_TICKETS = 100;
export const TICKET_MS = 60_000;
/** How long a browser is let in. */
export const PAGE_MS = 30 * 24 * 60 * 60 * 1_000;

/** What the bearer of a token may do. */
export interface Grant {
  readonly tokenId: string;
  readonly kind: TokenView['kind'];
  readonly tenant: Tenant;
  readonly needs: ReadonlySet<Need>;
  /** Only sessions of this owner; undefined: of all. */
  readonly owner: string | undefined;
  /** Only sessions with all of these tags. */
  readonly tags: readonly string[];
  /** Who is written into the audit. */
  readonly principal: string;
}

interface Known {
  readonly record: TokenRecord;
  readonly hash: Buffer;
  readonly expiresAtMs: number;
  readonly grant: Grant;
  lastUsedMs: number | undefined;
}

interface Ticket {
  readonly tenant: string;
  readonly untilMs: number;
}

export class TokenBook {
  readonly #known = new Map<string, Known>();
  /** By the hash of each, in hex. */
  readonly #tickets = new Map<string, Ticket>();
  readonly #save: (records: readonly TokenRecord[]) => void;
  readonly #clock: Clock;

  /** @param save makes a list durable, or throws. */
  constructor(
    records: readonly TokenRecord[],
    save: (records: readonly TokenRecord[]) => void,
    clock: Clock,
  ) {
    this.#save = save;
    this.#clock = clock;
    for (const record of records) this.#known.set(record.tokenId, knownOf(record));
  }

  /** Whether tokens were made, besides those of browsers. */
  get hasTokens(): boolean {
    return [...this.#known.values()].some(
      (known) => known.record.kind === 'token' && this.#isValid(known),
    );
  }

  /** What the bearer may do; undefined: it is no token, or is void. */
  grantOf(token: string): Grant | undefined {
    const parts = partsOf(token);
    const known = parts && this.#known.get(parts.tokenId);
    if (known === undefined || !isSecret(parts?.secret ?? '', known.hash)) return undefined;
    if (!this.#isValid(known)) return undefined;
    known.lastUsedMs = this.#clock.now();
    return known.grant;
  }

  /** The same for one that was let in before, on a connection that has shown its secret. */
  isUsedAgain({ tokenId }: Grant): boolean {
    const known = this.#known.get(tokenId);
    if (known === undefined || !this.#isValid(known)) return false;
    known.lastUsedMs = this.#clock.now();
    return true;
  }

  /** Whether a token that was let in would still be. */
  isGood({ tokenId }: Grant): boolean {
    const known = this.#known.get(tokenId);
    return known !== undefined && this.#isValid(known);
  }

  list(tenant: string): readonly TokenView[] {
    return [...this.#known.values()]
      .filter((known) => known.record.tenant === tenant && this.#isValid(known))
      .map(viewOf);
  }

  /** Throws `invalid_settings`, and `too_large` when there are too many. */
  create(
    tenant: string,
    by: string,
    { name, scopes, owner, tags, expiresAt }: NewToken,
  ): TokenView & { readonly token: string } {
    if (expiresAt !== undefined && expiresAt <= this.#clock.now())
      throw new GreenroomError('invalid_settings', 'expiresAt: is past', {
        details: { field: 'expiresAt' },
      });
    return this.#add('token', tenant, by, {
      ...{ name, scopes },
      ...(owner === undefined ? {} : { owner }),
      ...(tags === undefined ? {} : { tags: tags.map(normaliseTag) }),
      ...(expiresAt === undefined ? {} : { expiresAt: iso(expiresAt) }),
    });
  }

  /** @returns false: there is none of this id in the tenant. */
  revoke(tenant: string, tokenId: string): boolean {
    if (this.#known.get(tokenId)?.record.tenant !== tenant) return false;
    this.#keep([...this.#known.values()].filter(({ record }) => record.tokenId !== tokenId));
    return true;
  }

  /** A ticket that lets one browser in. */
  ticket(tenant: string): { readonly ticket: string; readonly expiresAtMs: number } {
    const nowMs = this.#clock.now();
    for (const [hash, { untilMs }] of this.#tickets)
      if (untilMs <= nowMs || this.#tickets.size >= MAX_TICKETS) this.#tickets.delete(hash);
    const ticket = secretText();
    const untilMs = nowMs + TICKET_MS;
    this.#tickets.set(hashOf(ticket).toString('hex'), { tenant, untilMs });
    return { ticket, expiresAtMs: untilMs };
  }

  /** A token for the browser that brought the ticket; undefined: it is none, or not any more. */
  redeem(ticket: string): string | undefined {
    const hash = hashOf(ticket).toString('hex');
    const known = this.#tickets.get(hash);
    this.#tickets.delete(hash);
    if (known === undefined || known.untilMs <= this.#clock.now()) return undefined;
    const expiresAt = iso(this.#clock.now() + PAGE_MS);
    const page = { name: 'a browser', scopes: [...NEEDS], expiresAt };
    return this.#add('page', known.tenant, 'open-page', page).token;
  }

  #add(
    kind: TokenRecord['kind'],
    tenant: string,
    by: string,
    about: Pick<TokenRecord, 'name' | 'scopes' | 'owner' | 'tags' | 'expiresAt'>,
  ): TokenView & { readonly token: string } {
    const parts = newToken();
    const createdAt = iso(this.#clock.now());
    const hash = hashOf(parts.secret).toString('hex');
    const record = { tokenId: parts.tokenId, kind, tenant, createdAt, hash, by, ...about };
    const valid = [...this.#known.values()].filter((known) => this.#isValid(known));
    const room = kind === 'page' ? withoutOldestPages(valid) : valid;
    if (room.length >= MAX_TOKENS)
      throw new GreenroomError(
        'too_large',
        `there are ${MAX_TOKENS} tokens already: revoke one that is not needed`,
      );
    const known = knownOf(record);
    this.#keep([...room, known]);
    return { token: tokenOf(parts), ...viewOf(known) };
  }

  /** What cannot be written down does not count. */
  #keep(all: readonly Known[]): void {
    this.#save(all.map(({ record }) => record));
    this.#known.clear();
    for (const known of all) this.#known.set(known.record.tokenId, known);
  }

  #isValid({ expiresAtMs }: Known): boolean {
    return this.#clock.now() < expiresAtMs;
  }
}

const withoutOldestPages = (all: readonly Known[]): readonly Known[] => {
  const pages = all.filter(({ record }) => record.kind === 'page');
  const gone = new Set(pages.slice(0, Math.max(0, pages.length + 1 - MAX_PAGES)));
  return all.filter((known) => !gone.has(known));
};

const knownOf = (record: TokenRecord): Known => ({
  record,
  hash: Buffer.from(record.hash, 'hex'),
  expiresAtMs:
    record.expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(record.expiresAt),
  grant: grantOf(record),
  lastUsedMs: undefined,
});

const grantOf = ({
  tokenId,
  kind,
  tenant,
  scopes,
  owner,
  tags = [],
  name,
}: TokenRecord): Grant => ({
  ...{ tokenId, kind, tenant: tenant as Tenant, needs: new Set(scopes), owner, tags },
  principal: `${owner ?? name} (token ${tokenId})`,
});

const viewOf = ({ record: { hash: _, by: __, ...shown }, lastUsedMs }: Known): TokenView =>
  lastUsedMs === undefined ? shown : { ...shown, lastUsedAt: iso(lastUsedMs) };
