/** The actor libraries that the runtime is compared with. The compiler does not know them, so what is used of them is declared here. */
import { requirePeer } from '../harness/peers.ts';

export interface NactRef {
  readonly name: string;
}

interface NactContext {
  readonly sender: NactRef;
  readonly self: NactRef;
  readonly reset: symbol;
}

interface Nact {
  start(): NactRef;
  spawn<S, M>(
    parent: NactRef,
    receive: (state: S, message: M, context: NactContext) => S | Promise<S>,
    name?: string,
    options?: {
      readonly initialStateFunc?: (context: NactContext) => S;
      readonly onCrash?: (message: M, error: unknown, context: NactContext) => symbol;
    },
  ): NactRef;
  dispatch(ref: NactRef, message: unknown, sender?: NactRef): void;
  query(ref: NactRef, message: unknown, timeoutMs: number): Promise<unknown>;
  stop(ref: NactRef): void;
}

export const loadNact = (): Nact => requirePeer('nact') as Nact;

export interface XstateActor<E> {
  start(): XstateActor<E>;
  send(event: E): void;
}

interface Xstate {
  fromTransition<S, E>(transition: (state: S, event: E) => S, first: S): object;
  createActor<E>(logic: object): XstateActor<E>;
}

export const loadXstate = (): Xstate => requirePeer('xstate') as Xstate;
