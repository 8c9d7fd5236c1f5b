/**
 * Verbs on the tokens of the HTTP gateway: who may come in by it, and how much they may do. The gateway keeps them; what is
 * asked here goes to it through the daemon's face.
 */
import { z } from 'zod';
import { Moment } from '../../model/criteria.ts';
import type { RequestContext } from '../../model/request-context.ts';
import { daemonVerb } from './verb.ts';
import { NEEDS } from './verb-facts.ts';

const scopes = z
  .array(z.enum(NEEDS))
  .min(1)
  .max(NEEDS.length)
  .describe(`what it may do: ${NEEDS.map((need) => `\`${need}\``).join(', ')}`);
const tokenId = z.string().min(1).max(64);
const label = z.string().min(1).max(100);
const owner = z.string().min(1).max(256);
const tags = z.array(z.string().min(1).max(64)).min(1).max(100);
const moment = z.iso.datetime();

const tokenShape = {
  tokenId,
  /** `page`: of a browser, that was let in by `open-page`. */
  kind: z.enum(['token', 'page']),
  name: label,
  tenant: z.string(),
  scopes: scopes.readonly(),
  owner: owner.exactOptional(),
  tags: tags.readonly().exactOptional(),
  createdAt: moment,
  expiresAt: moment.exactOptional(),
  /** Since the daemon started; absent: not since then. */
  lastUsedAt: moment.exactOptional(),
};

export const TokenView = z.strictObject(tokenShape);
export type TokenView = Readonly<z.output<typeof TokenView>>;

const CreateToken = z.strictObject({
  name: label.describe('for people: what it is for'),
  scopes: scopes.default(['read']),
  owner: owner.optional().describe('only sessions of this owner; those that it makes are its'),
  tags: tags
    .optional()
    .describe('only sessions with all of these tags; those that it makes get them'),
  expiresAt: Moment.optional().describe('it is void from then on; default: never'),
});
export type NewToken = z.output<typeof CreateToken>;

/** What the gateway does with tokens. Each throws `invalid_state` where HTTP is off. */
export interface TokensFace {
  tokens(tenant: string): readonly TokenView[];
  /** @returns with the token itself, which is kept nowhere. Throws `invalid_settings`, and `too_large` when there are too many. */
  createToken(context: RequestContext, wanted: NewToken): TokenView & { readonly token: string };
  /** @returns false: there is none of this id in the tenant. */
  revokeToken(tenant: string, tokenId: string): boolean;
  /** An address that lets one browser in, once. */
  openPage(tenant: string): { readonly url: string; readonly expiresAt: string };
}

export interface TokensWork {
  readonly context: RequestContext;
  readonly daemon: TokensFace;
}

const tokens = daemonVerb('tokens', {
  request: z.strictObject({}),
  reply: z.strictObject({ tokens: z.array(TokenView).readonly() }),
  run: ({ daemon, context }: TokensWork) => ({ tokens: daemon.tokens(context.tenant) }),
});

const createToken = daemonVerb('create-token', {
  request: CreateToken,
  reply: z.strictObject({
    /** It is shown this once. */
    token: z.string(),
    ...tokenShape,
  }),
  run: ({ daemon, context }: TokensWork, wanted) => daemon.createToken(context, wanted),
});

const revokeToken = daemonVerb('revoke-token', {
  request: z.strictObject({ tokenId: tokenId.describe('from `tokens`') }),
  reply: z.strictObject({ revoked: z.boolean() }),
  run: ({ daemon, context }: TokensWork, { tokenId }) => ({
    revoked: daemon.revokeToken(context.tenant, tokenId),
  }),
});

const openPage = daemonVerb('open-page', {
  request: z.strictObject({}),
  reply: z.strictObject({ url: z.string(), expiresAt: moment }),
  run: ({ daemon, context }: TokensWork) => daemon.openPage(context.tenant),
});

export const tokenVerbs = {
  ...{ tokens, 'create-token': createToken },
  ...{ 'revoke-token': revokeToken, 'open-page': openPage },
};
