/** Whom to tell: the file of `GREENROOM_NOTIFICATIONS_FILE`, checked as a whole before the daemon starts. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from '../config/config-error.ts';
import { Tenant } from '../model/id-schemas.ts';
import { checked } from '../model/parse.ts';
import { NOTICE_TYPES } from './notice.ts';

const MAX_TARGETS = 50;
/** Of the Standard Webhooks: 24 to 64 bytes, as base64. */
const SECRET = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/;

const hasNoPassword = (url: string): boolean => {
  if (!URL.canParse(url)) return true; // said already
  const { username, password } = new URL(url);
  return username === '' && password === '';
};

const Target = z
  .strictObject({
    /** Without a name and a password: `fetch` takes no such address, and lists show it. */
    url: z
      .url({ protocol: /^https?$/ })
      .max(2_000)
      .refine(hasNoPassword, 'must not hold a name or a password: what is sent is signed'),
    /** Signs what is sent: `whsec_` and base64. */
    secret: z.string().regex(SECRET, 'is whsec_ and 24 to 64 bytes as base64'),
    tenant: Tenant.default('default' as Tenant),
    events: z
      .array(z.enum(NOTICE_TYPES))
      .min(1)
      .default([...NOTICE_TYPES]),
  })
  .readonly();

const Targets = z.strictObject({
  targets: z
    .record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), Target)
    .refine((targets) => Object.keys(targets).length <= MAX_TARGETS, `at most ${MAX_TARGETS}`),
});

export interface Target extends z.output<typeof Target> {
  readonly name: string;
}

/** Whether any of them hears of the ends of turns. */
export const wantsTurns = (targets: readonly Target[]): boolean =>
  targets.some(({ events }) => events.some((event) => event.startsWith('turn.')));

/** Throws `invalid_settings`, with what is wrong and where; a secret is in no message. */
export const targetsIn = (file: string): readonly Target[] => {
  try {
    const { targets } = checked(Targets, JSON.parse(readFileSync(file, 'utf8')));
    return Object.entries(targets).map(([name, target]) => ({ name, ...target }));
  } catch (error) {
    const why = error instanceof SyntaxError ? 'it is no JSON' : (error as Error).message;
    throw new ConfigError(`GREENROOM_NOTIFICATIONS_FILE: ${file}: ${why}`);
  }
};
