/** The actor of the tokens: it reads their file when it starts, and is found by its name. It owns that file. */
import { join } from 'node:path';
import { genServer, IGNORE, protocol } from '../../otp/gen-server.ts';
import { nameOf } from '../../otp/name.ts';
import { TokenBook } from './token-book.ts';
import { readTokens, writeTokens } from './token-file.ts';

export const tokensName = nameOf<TokenBook>('http-tokens');

export interface TokensArgs {
  /** false: the actor is ignored. */
  readonly wanted: boolean;
  readonly dataDir: string;
}

export const Tokens = genServer(protocol({ calls: {} }), {
  init: ({ wanted, dataDir }: TokensArgs, self) => {
    if (!wanted) return IGNORE;
    const file = join(dataDir, 'tokens.json');
    const save = (records: Parameters<typeof writeTokens>[1]) => writeTokens(file, records);
    const book = new TokenBook(readTokens(file), save, self.system.clock);
    self.register(tokensName, book);
    return { book };
  },
  handleCall: {},
  redact: () => ({}),
});
