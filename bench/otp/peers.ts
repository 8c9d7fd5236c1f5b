/**
 * The libraries that we are compared with. They are no dependency of the product: `bench/peers` is a package of its
 * own, which the bench installs when it is missing. The compiler does not know them, so what is used of them is
 * declared here.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../../bench/peers/', import.meta.url));

/** A sentence when they cannot be had: no network, no registry. */
export const installPeers = (): string | undefined => {
  if (existsSync(`${FOLDER}node_modules/xstate`)) return undefined;
  try {
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: FOLDER, stdio: 'ignore' });
    return undefined;
  } catch {
    return 'npm could not install the packages of bench/peers';
  }
};

export const versionOfPeer = (name: string): string =>
  (requirePeer(`${name}/package.json`) as { version: string }).version;

const requirePeer: (name: string) => unknown = createRequire(`${FOLDER}package.json`);

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
