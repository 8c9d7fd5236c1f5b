/** Model steps as a program of a pool: which endpoint they call, and the slabs that their contexts lie in. */
import type { Provider } from '../../model/entry.ts';
import type { System } from '../../otp/system.ts';
import type { Slab } from '../../session/memory/slabs.ts';
import type { ContextSlice } from '../../session/ports/executor.ts';
import type { Program } from '../pool/program.ts';
import { namesConnector } from './connected.ts';
import type { EndpointNews } from './guarded-start.ts';
import type { Endpoint, ModelKinds, SlabMessage, WireContext } from './wire.ts';

export interface ModelOptions {
  readonly provider: Provider;
  /** Looked up at each start of a step; undefined while it is not there. */
  readonly endpoint: (system: System) => Omit<Endpoint, 'provider'> | undefined;
  /** Told when the endpoint stops answering, and when it answers again. */
  readonly onEndpoint?: (news: EndpointNews) => void;
}

export const modelProgram = (
  { provider, endpoint }: ModelOptions,
  system: System,
): Program<ModelKinds> => ({
  prepare: (step) => {
    const at = endpoint(system);
    if (at === undefined) return undefined;
    const { baseUrl, apiKey, connectors } = at;
    // They hold secrets, so they go only where they are used.
    const isConnected = connectors !== undefined && namesConnector(step);
    const more = isConnected ? { connectors } : {};
    return { step, endpoint: { baseUrl, apiKey, provider, ...more } };
  },
  hold: ({ context }) => context.hold(),
  attach: (send) => {
    const slabs = new LentSlabs(send);
    return {
      wire: ({ step, endpoint: at }) => ({
        step: { ...step, context: slabs.wire(step.context) },
        endpoint: at,
      }),
      look: () => slabs.forgetGone(),
    };
  },
  cancelled: { type: 'cancelled', partialText: '' },
  failed: (error) => ({ type: 'failed', error, partialText: '', provider }),
  startsAgain: (error) => ({ type: 'retry', delayMs: 0, error }),
});

/** What one thread has a handle of, and under which number. */
class LentSlabs {
  readonly #send: (message: SlabMessage) => void;
  readonly #numbers = new Map<Slab, number>();
  #last = 0;

  constructor(send: (message: SlabMessage) => void) {
    this.#send = send;
  }

  wire({ slab, byteOffset, byteLength }: ContextSlice): WireContext {
    return { slab: this.#numbers.get(slab) ?? this.#lend(slab), byteOffset, byteLength };
  }

  forgetGone(): void {
    for (const [slab, number] of this.#numbers) {
      if (!slab.isGone) continue;
      this.#send({ type: 'forget', slab: number });
      this.#numbers.delete(slab);
    }
  }

  /** It goes along with the first step in it. */
  #lend(slab: Slab): number {
    this.#last += 1;
    this.#numbers.set(slab, this.#last);
    this.#send({ type: 'slab', slab: this.#last, buffer: slab.buffer });
    return this.#last;
  }
}
