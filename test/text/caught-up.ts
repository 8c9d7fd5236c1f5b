import { textIndexName } from '../../src/session/ports/text-index.ts';
import type { TestGreenroom } from '../support/greenroom.ts';
import { until } from '../support/until.ts';

/** Resolves when the index knows all that was committed before. */
export const caughtUp = ({ greenroom }: Pick<TestGreenroom, 'greenroom'>): Promise<void> =>
  until(() => greenroom.system.find(textIndexName)?.lag().textWaiting === 0);
