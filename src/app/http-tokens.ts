/** The tokens of a running Greenroom's HTTP, as the verbs of the daemon ask about them. */
import type { TokenBook } from '../http/access/token-book.ts';
import { tokensName } from '../http/access/tokens.ts';
import { httpName } from '../http/http-server.ts';
import { GreenroomError } from '../model/errors.ts';
import { iso } from '../model/moment.ts';
import type { System } from '../otp/system.ts';
import type { TokensFace } from '../session/verbs/token-verbs.ts';

export const httpTokensOf = (system: System): TokensFace => ({
  tokens: (tenant) => mustServe(system).list(tenant),
  createToken: ({ tenant, principal }, wanted) =>
    mustServe(system).create(tenant, principal, wanted),
  revokeToken: (tenant, tokenId) => mustServe(system).revoke(tenant, tokenId),
  openPage: (tenant) => {
    const { ticket, expiresAtMs } = mustServe(system).ticket(tenant);
    const http = system.find(httpName);
    if (http === undefined)
      throw new GreenroomError('unavailable', 'HTTP is being restarted', { retryAfterMs: 1_000 });
    return { url: `${http.url}/open?ticket=${ticket}`, expiresAt: iso(expiresAtMs) };
  },
});

const mustServe = (system: System): TokenBook => {
  const tokens = system.find(tokensName);
  if (tokens !== undefined) return tokens;
  throw new GreenroomError(
    'invalid_state',
    'HTTP is off, or being restarted: set GREENROOM_HTTP_PORT',
  );
};
