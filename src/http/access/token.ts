/**
 * A token: `grm_<id>_<secret>`. The id is looked up, the secret is compared by its SHA-256, in constant time: it is 256
 * random bits, so nothing slower is needed, and whoever reads the file of tokens cannot ask with them.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

const ID_LENGTH = 12;
const SECRET_BYTES = 32;
const FORM = /^grm_([0-9a-z]{12})_([A-Za-z0-9_-]{43})$/;

export interface TokenParts {
  readonly tokenId: string;
  readonly secret: string;
}

/** undefined: it has not the form of a token. */
export const partsOf = (token: string): TokenParts | undefined => {
  const [, tokenId, secret] = FORM.exec(token) ?? [];
  return tokenId === undefined || secret === undefined ? undefined : { tokenId, secret };
};

export const tokenOf = ({ tokenId, secret }: TokenParts): string => `grm_${tokenId}_${secret}`;

export const newToken = (): TokenParts => ({
  tokenId: newTokenId(),
  secret: secretText(),
});

/** 60 random bits, so that two are never alike. */
const newTokenId = (): string => {
  // biome-ignore lint/plugin: what lets a program in must not be played again
  const bytes = randomBytes(ID_LENGTH);
  return [...bytes].map((byte) => (byte % 32).toString(32)).join('');
};

/** 256 random bits as text. */
export const secretText = (): string => {
  // biome-ignore lint/plugin: what lets a program in must not be guessed
  return randomBytes(SECRET_BYTES).toString('base64url');
};

export const hashOf = (secret: string): Buffer => hash('sha256', secret, 'buffer');

export const isSecret = (secret: string, kept: Buffer): boolean =>
  timingSafeEqual(hashOf(secret), kept);
