/** How often a test by chance plays. */
import process from 'node:process';

const SHARE = 5;

/** As many as CI plays; a fifth of them in `npm run test:fast`, which people run at each change. */
export const rounds = (inCi: number): number =>
  process.env['GREENROOM_QUICK'] === '1' ? Math.ceil(inCi / SHARE) : inCi;
