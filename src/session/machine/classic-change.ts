/** What classic programs may do to a session. */

import type { SaveOptions } from '../../classic/classic-store.ts';
import type { NewEntry } from '../../classic/entries.ts';
import type { CompactionState, SessionMetadata, StoredMessage } from '../../classic/models.ts';
import type { NewFork } from './new-fork.ts';

export type ClassicChange =
  | { readonly kind: 'create'; readonly metadata: SessionMetadata }
  | { readonly kind: 'append'; readonly entry: NewEntry; readonly text: string | null }
  | { readonly kind: 'metadata'; readonly metadata: SessionMetadata }
  | { readonly kind: 'compaction'; readonly state: CompactionState }
  | {
      readonly kind: 'save';
      readonly messages: readonly StoredMessage[];
      readonly options: SaveOptions;
    }
  /** A new session that begins with all of another one's messages; nothing is copied. */
  | { readonly kind: 'fork'; readonly fork: NewFork };

/** All but these need a session that is there. */
export const makesSession = ({ kind }: ClassicChange): boolean =>
  kind === 'create' || kind === 'save' || kind === 'fork';

/** These add messages, which an ended session does not take. */
export const addsMessages = ({ kind }: ClassicChange): boolean =>
  kind === 'append' || kind === 'save';
