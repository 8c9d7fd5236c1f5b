/** A stand-in for the Claude API outside of the daemon, whose answers a test holds back until it likes. */
import { onTestFinished } from 'vitest';
import { startRehearsal } from '../../src/rehearsal/server.ts';
import { gate } from '../support/until.ts';
import type { Env } from './daemon-process.ts';

export interface HeldModel {
  /** What makes a daemon ask this model. */
  readonly env: Env;
  /** Model calls that came. */
  readonly calls: number;
  /** From now on it answers. */
  answer(): void;
}

export const startHeldModel = async (): Promise<HeldModel> => {
  const answers = gate();
  const rehearsal = await startRehearsal({
    script: async () => {
      await answers.opened;
      return undefined; // as the prompt says
    },
  });
  onTestFinished(() => rehearsal.close());
  return {
    env: {
      GREENROOM_PROVIDER: 'anthropic',
      ANTHROPIC_API_KEY: 'any',
      ANTHROPIC_BASE_URL: rehearsal.url,
    },
    get calls() {
      return rehearsal.requests.toArray().filter(({ path }) => path === '/v1/messages').length;
    },
    answer: answers.open,
  };
};
