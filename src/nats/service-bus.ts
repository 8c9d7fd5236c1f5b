/** Other services on the bus, as their caller needs them: found by `$SRV.INFO`, called by request. */
import { ErrorCode, headers, type Msg, RequestStrategy } from 'nats';
import type { LinkFace } from './link.ts';
import { ERROR_HEADER, headerOf } from './wire.ts';

/** How long answers to a look are waited for: until the first, and between two. */
const LOOK_MS = 2_000;
const GAP_MS = 300;
const MAX_INFOS = 1_000;
/** Of one answer: a longer one is no service's. */
const MAX_INFO_BYTES = 1024 * 1024;

type Reply =
  | { readonly type: 'reply'; readonly text: string; readonly error?: string }
  | { readonly type: 'no_responders' | 'late' }
  | { readonly type: 'failed'; readonly why: string };

export const serviceBus = ({ nc }: Pick<LinkFace, 'nc'>) => ({
  infos: async (): Promise<readonly string[]> => {
    const infos: string[] = [];
    const how = { strategy: RequestStrategy.JitterTimer, maxWait: LOOK_MS, jitter: GAP_MS };
    try {
      for await (const answer of await nc.requestMany('$SRV.INFO', undefined, how)) {
        if (answer instanceof Error) throw answer;
        if (answer.data.length <= MAX_INFO_BYTES) infos.push(answer.string());
        if (infos.length === MAX_INFOS) break;
      }
    } catch (error) {
      if ((error as { code?: string }).code !== ErrorCode.NoResponders) throw error;
    }
    return infos;
  },

  request: async (
    subject: string,
    text: string,
    fields: Readonly<Record<string, string>>,
    timeoutMs: number,
  ): Promise<Reply> => {
    try {
      const sent = headers();
      for (const [name, value] of Object.entries(fields)) sent.set(name, value);
      return replyIn(await nc.request(subject, text, { timeout: timeoutMs, headers: sent }));
    } catch (error) {
      return failureIn(error as Error & { readonly code?: string });
    }
  },
});

const replyIn = (msg: Msg): Reply => {
  const error = headerOf(msg.headers, ERROR_HEADER);
  const text = msg.string();
  return error === undefined ? { type: 'reply', text } : { type: 'reply', text, error };
};

const failureIn = ({ code, message }: Error & { readonly code?: string }): Reply => {
  if (code === ErrorCode.NoResponders) return { type: 'no_responders' };
  if (code === ErrorCode.Timeout) return { type: 'late' };
  return { type: 'failed', why: message };
};
