/** What a Redis server promises of what it has answered: only `appendfsync always` survives a power cut. */
import type { RedisClient } from './redis-client.ts';

export interface Durability {
  /** `yes` or `no`; undefined where the server does not tell. */
  readonly appendonly: string | undefined;
  /** `always`, `everysec` or `no`. */
  readonly appendfsync: string | undefined;
}

export const durabilityOf = async (client: RedisClient): Promise<Durability> => {
  const reply = await client.command('CONFIG', 'GET', 'append*').catch(() => []);
  const words = reply as readonly string[];
  const setting = (name: string): string | undefined => {
    const at = words.indexOf(name);
    return at === -1 ? undefined : words[at + 1];
  };
  return { appendonly: setting('appendonly'), appendfsync: setting('appendfsync') };
};

/** undefined: all is well. */
export const weaknessOf = ({ appendonly, appendfsync }: Durability): string | undefined => {
  if (appendonly === 'no')
    return 'Redis keeps no append-only file (appendonly no): a crash of the server loses what it has acknowledged';
  if (appendfsync === undefined)
    return 'Redis does not tell its appendfsync (CONFIG GET is refused): unless it is "always", a power cut can lose what it has acknowledged';
  if (appendfsync === 'always') return undefined;
  return `Redis runs with appendfsync ${appendfsync}: a power cut can lose what it has acknowledged; set "always"`;
};

export const durabilityWarning = async (client: RedisClient): Promise<string | undefined> =>
  weaknessOf(await durabilityOf(client));
