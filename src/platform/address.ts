/**
 * Server addresses as people write them: several with commas, each with a user part or without one. A password may
 * hold any character, so that the last @ ends it. Owns how such an address is taken apart, and how it is shown.
 */

export interface Address {
  /** `nats://`, or nothing. */
  readonly scheme: string;
  /** `user:password` or a token, URL-encoded. */
  readonly userPart: string | undefined;
  readonly host: string;
}

const SCHEME = String.raw`[A-Za-z][\w+.-]*:\/\/`;
const ADDRESS = new RegExp(`^(${SCHEME})?(?:(.*)@)?(.*)$`, 's');
/** Between commas stand addresses, or parts of a password: only with a scheme it is certainly an address. */
const NEXT_ADDRESS = new RegExp(`,(?=\\s*${SCHEME})`);

export const addressesIn = (addresses: string | readonly string[]): readonly Address[] =>
  [addresses]
    .flat()
    .flatMap((text) => text.split(','))
    .map(addressOf);

const addressOf = (text: string): Address => {
  const [, scheme = '', userPart, host = ''] = ADDRESS.exec(text.trim()) ?? [];
  return { scheme, userPart, host };
};

/** `user:password`, decoded; a token has no colon. */
export const accountIn = (userPart: string): { user?: string; secret: string } => {
  const colon = userPart.indexOf(':');
  const secret = decode(userPart.slice(colon + 1));
  return colon < 0 ? { secret } : { user: decode(userPart.slice(0, colon)), secret };
};

/** A bare percent sign is taken at its word. */
const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Addresses as they may be shown, with `instead` in the place of their user part. Where a part is unclear, it is hidden. */
export const withoutUserParts = (
  addresses: string | readonly string[],
  instead = '(hidden)@',
): string =>
  [addresses]
    .flat()
    .flatMap((text) => text.split(NEXT_ADDRESS))
    .map((text) => {
      const { scheme, userPart, host } = addressOf(text);
      return `${scheme}${userPart === undefined ? '' : instead}${host}`;
    })
    .join(',');

/** What of addresses is nobody's business: the passwords and tokens in them, as they are written and as they are sent. */
export const secretsIn = (addresses: string): readonly string[] =>
  [...addressesIn(addresses), ...addresses.split(NEXT_ADDRESS).map(addressOf)].flatMap(
    ({ userPart }) => (userPart ? [userPart, accountIn(userPart).secret] : []),
  );
