/** What a user of the broker must be allowed, in a sentence, and which refusals of it an operator has been told of. */
import type { Notices } from './notices.ts';

/** What an operation that was refused was. */
export interface Refused {
  readonly operation: string;
  readonly subject: string;
}

/** For the operator who mends the user. `root`: the first tokens of our subjects, such as `greenroom.v1`. */
export const neededBy = (root: string): string =>
  `allow it to publish to $JS.API.>, $JS.ACK.>, ${root}.> and _INBOX.>, and to subscribe to ${root}.>, $SRV.> and _INBOX.>`;

/** `publish to $JS.ACK.…`, with as much of the subject as says what it is for. */
export const describeRefused = ({ operation, subject }: Refused): string =>
  `${operation === 'publish' ? 'publish to' : 'subscribe to'} ${familyOf(subject)}`;

/** Names of inboxes, sessions and messages are endless; what they are for is not. */
const familyOf = (subject: string): string => {
  const [first = '', second = '', , noun, rest] = subject.split('.');
  if (first === '_INBOX') return '_INBOX.>';
  if (first === '$JS') return second === 'API' ? subject : `${first}.${second}.>`;
  if (noun === undefined) return subject;
  return `${first}.${second}.*.${noun}${rest === undefined ? '' : '.>'}`;
};

/** Kinds of refusals that are told of; more are a rule of the broker's own. */
const MAX_TOLD = 50;

/** Tells of each kind of refusal once, and again after a reconnection. */
export class RefusalNotices {
  readonly #notices: Notices;
  readonly #told = new Set<string>();

  constructor(notices: Notices) {
    this.#notices = notices;
  }

  tell(broker: string, refused: Refused): void {
    const what = describeRefused(refused);
    if (this.#told.has(what) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(what);
    this.#notices.error(
      { broker, ...refused },
      `the broker does not let us ${what}: what goes that way is lost; mend the permissions of this user (greenroom doctor lists them)`,
    );
  }

  forget(): void {
    this.#told.clear();
  }
}
