/** Our own commands as they are typed here: what a call was told about where the daemon is holds for the next one too. */
import { withoutUserParts } from '../platform/address.ts';

/** Options of a call that say for which daemon, and for whose sessions, it is. */
export interface Whereabouts {
  readonly data?: string;
  readonly config?: string;
  readonly servers?: string;
  readonly creds?: string;
  readonly inboxPrefix?: string;
  readonly prefix?: string;
  readonly tenant?: string;
}

const FLAGS: readonly (readonly [keyof Whereabouts, string])[] = [
  ['data', '--data'],
  ['config', '--config'],
  ['servers', '--servers'],
  ['creds', '--creds'],
  ['inboxPrefix', '--inbox-prefix'],
  ['prefix', '--prefix'],
  ['tenant', '--tenant'],
];

/** @param program as the user calls it. */
export const programHere = (program: string | undefined, where: Whereabouts): string =>
  [
    program ?? 'greenroom',
    ...FLAGS.flatMap(([field, flag]) => {
      const value = where[field];
      if (value === undefined) return [];
      // An address may hold a password, and what is printed goes into logs.
      return [flag, asWord(field === 'servers' ? withoutUserParts(value, '…@') : value)];
    }),
  ].join(' ');

/** One word for a shell. */
const asWord = (value: string): string =>
  /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
