/** A daemon that says of itself what a test lets it say; what it was not given is a fault of the test. */
import type { DaemonFace } from '../../src/session/verbs/daemon-verbs.ts';

export class FakeDaemon implements DaemonFace {
  readonly #says: Partial<DaemonFace>;

  constructor(says: Partial<DaemonFace> = {}) {
    this.#says = says;
  }

  ping() {
    return this.#part('ping')();
  }

  status() {
    return this.#part('status')();
  }

  tree() {
    return this.#part('tree')();
  }

  inspect(path: string) {
    return this.#part('inspect')(path);
  }

  trace(order: Parameters<DaemonFace['trace']>[0]) {
    return this.#part('trace')(order);
  }

  toolServers() {
    return this.#part('toolServers')();
  }

  changedTool(server: string, tool: string) {
    return this.#part('changedTool')(server, tool);
  }

  acceptTool(accepted: Parameters<DaemonFace['acceptTool']>[0], by: string) {
    return this.#part('acceptTool')(accepted, by);
  }

  backups() {
    return this.#part('backups')();
  }

  tokens(tenant: string) {
    return this.#part('tokens')(tenant);
  }

  createToken(...asked: Parameters<DaemonFace['createToken']>) {
    return this.#part('createToken')(...asked);
  }

  revokeToken(tenant: string, tokenId: string) {
    return this.#part('revokeToken')(tenant, tokenId);
  }

  openPage(tenant: string) {
    return this.#part('openPage')(tenant);
  }

  #part<V extends keyof DaemonFace>(verb: V): DaemonFace[V] {
    const part = this.#says[verb];
    if (part === undefined) throw new Error(`the daemon of this test has no ${verb}`);
    return part;
  }
}
