/** What goes over the line between a thread that has opened a store and the process that carries its writer. */
import type { WireError } from '../../model/errors.ts';
import type { FromWriter, ToWriter } from './writer-thread.ts';

export type ToChild =
  | { readonly kind: 'start'; readonly newStoreId: string }
  | { readonly kind: 'post'; readonly message: ToWriter }
  | { readonly kind: 'announceRelease' }
  | { readonly kind: 'release' };

export type FromChild =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly error: WireError }
  /** Without the buffers of the batches: they have stayed with who posted them. */
  | { readonly kind: 'heard'; readonly message: FromWriter }
  | { readonly kind: 'ended'; readonly why: string };
