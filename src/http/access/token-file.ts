/** `<data>/tokens.json`: the tokens as they are kept, without their secrets. Whole, or not there; mode 0600. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../config/config-error.ts';
import { TokenView } from '../../session/verbs/token-verbs.ts';

const { lastUsedAt: _, ...kept } = TokenView.shape;

const TokenRecord = z.strictObject({
  ...kept,
  /** SHA-256 of the secret, as hex. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** Who made it. */
  by: z.string(),
});
export type TokenRecord = Readonly<z.output<typeof TokenRecord>>;

const TokenFile = z.strictObject({ version: z.literal(1), tokens: z.array(TokenRecord) });

/** Throws `ConfigError` for a file that is there and cannot be read: to go on without it would let revoked ones be forgotten. */
export const readTokens = (file: string): readonly TokenRecord[] => {
  try {
    return TokenFile.parse(JSON.parse(readFileSync(file, 'utf8'))).tokens;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new ConfigError(
      `${file} cannot be read: restore it, or remove it, and all tokens are void`,
      { cause: error },
    );
  }
};

/** Durable when it returns: a token that was revoked must not come back with the power. */
export const writeTokens = (file: string, tokens: readonly TokenRecord[]): void => {
  const draft = `${file}.new`;
  const descriptor = openSync(draft, 'w', 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify({ version: 1, tokens }, undefined, 2)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, file);
  syncFolder(dirname(file));
};

const syncFolder = (folder: string): void => {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};
