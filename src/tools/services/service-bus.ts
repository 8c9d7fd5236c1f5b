/** What is needed of the bus to find services and to call them; others implement it. */

export type BusReply =
  | {
      readonly type: 'reply';
      readonly text: string;
      /** The service says that it failed, in its words. */
      readonly error?: string;
    }
  /** No service listens there. */
  | { readonly type: 'no_responders' }
  | { readonly type: 'late' }
  | { readonly type: 'failed'; readonly why: string };

export interface ServiceBus {
  /** What all services say of themselves, as JSON. Rejects when the bus is away. */
  infos(): Promise<readonly string[]>;
  /** Never rejects. */
  request(
    subject: string,
    text: string,
    headers: Readonly<Record<string, string>>,
    timeoutMs: number,
  ): Promise<BusReply>;
}
