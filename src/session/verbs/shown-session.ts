/**
 * What a session shows of itself, as a reply: made once for a head, and written once, however often it is asked for. Most who
 * ask look whether something has changed, and a head says all of it. It owns what was made, as long as the heads live.
 */
import type { Head } from '../../model/head.ts';
import type { SessionView } from './reply-schemas.ts';
import { sessionView } from './views.ts';

/** The same for all who ask. */
export class ShownSession {
  readonly session: SessionView;
  #json: string | undefined;

  constructor(head: Head) {
    this.session = Object.freeze(sessionView(head));
  }

  get json(): string {
    this.#json ??= JSON.stringify(this);
    return this.#json;
  }
}

export class ShownSessions {
  readonly #shown = new WeakMap<Head, ShownSession>();

  of(head: Head): ShownSession {
    const known = this.#shown.get(head);
    if (known !== undefined) return known;
    const shown = new ShownSession(head);
    this.#shown.set(head, shown);
    return shown;
  }
}
