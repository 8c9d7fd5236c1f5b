/**
 * Everything that a bench has running: broker, programs, folders. It ends what it started, in
 * reverse, whatever happens.
 */
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BareHttpCalls } from '../programs/bare-http.ts';
import type { BareSenderCalls } from '../programs/bare-sender.ts';
import type { ClientCalls } from '../programs/client.ts';
import type { DaemonCalls, DaemonOptions } from '../programs/daemon.ts';
import type { FloorCalls } from '../programs/floor-daemon.ts';
import type { HttpClientCalls } from '../programs/http-client.ts';
import type { ManyClientsCalls } from '../programs/many-clients.ts';
import type { MixedLoadCalls } from '../programs/mixed-load.ts';
import type { ModelServerCalls } from '../programs/model-server.ts';
import type { RehearsalCalls } from '../programs/rehearsal.ts';
import type { SdkCalls } from '../programs/sdk-loop.ts';
import type { Settings } from './bench.ts';
import { type BenchBroker, startBroker } from './broker.ts';
import { type Calls, Program } from './remote.ts';

export type Client = Program<ClientCalls>;
export type Daemon = Program<DaemonCalls>;
export type FloorDaemon = Program<FloorCalls>;

/** What `npm start` tells Node. */
const START_FLAGS: readonly string[] = (() => {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  const { scripts } = JSON.parse(text) as { scripts: { start: string } };
  return scripts.start.split(' ').filter((word) => word.startsWith('--'));
})();

export class Scene {
  readonly #scratch: string;
  readonly #ends: (() => Promise<unknown>)[] = [];
  readonly #programs: Program<Calls>[] = [];
  #broker: BenchBroker | undefined;

  private constructor(scratch: string) {
    this.#scratch = scratch;
  }

  /** Runs `play` on a scene of its own and clears it away. */
  static async with<T>({ scratch }: Settings, play: (scene: Scene) => Promise<T>): Promise<T> {
    const scene = new Scene(mkdtempSync(join(scratch, 'scene-')));
    try {
      return await play(scene);
    } finally {
      for (const end of scene.#ends.reverse()) await end();
    }
  }

  /** Of everything that runs for this scene, this process among them. */
  get pids(): readonly number[] {
    const broker = this.#broker === undefined ? [] : [this.#broker.pid];
    return [process.pid, ...broker, ...this.#programs.map(({ pid }) => pid)];
  }

  /** An empty folder. */
  folder(name: string): string {
    const path = join(this.#scratch, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  async broker(): Promise<BenchBroker> {
    if (this.#broker !== undefined) return this.#broker;
    const broker = await startBroker(this.folder('broker'));
    this.#ends.push(() => broker.end());
    this.#broker = broker;
    return broker;
  }

  async client(): Promise<Client> {
    const client = this.#program<ClientCalls>('client');
    await client.call('connect', { url: (await this.broker()).url });
    return client;
  }

  async floor(
    prefix: string,
    sizes: { readonly turnBytes?: number; readonly createBytes?: number } = {},
  ): Promise<FloorDaemon> {
    const floor = this.#program<FloorCalls>('floor-daemon');
    const { url } = await this.broker();
    await floor.call('open', { url, dir: this.folder(prefix), prefix, ...sizes });
    return floor;
  }

  /** The product, with a data folder named like its prefix and the flags of `npm start`, which has none at present. */
  async daemon(
    options: Omit<DaemonOptions, 'dataDir' | 'natsUrl'> & { readonly bus?: boolean },
    nodeArgs: readonly string[] = [],
  ): Promise<Daemon> {
    const { bus = true, ...others } = options;
    const daemon = this.#program<DaemonCalls>('daemon', [...START_FLAGS, ...nodeArgs]);
    const natsUrl = bus ? (await this.broker()).url : undefined;
    await daemon.call('open', { ...others, natsUrl, dataDir: this.folder(others.prefix) });
    return daemon;
  }

  async rehearsal(): Promise<string> {
    return this.#program<RehearsalCalls>('rehearsal').call('open', null);
  }

  modelServer(): Program<ModelServerCalls> {
    return this.#program<ModelServerCalls>('model-server');
  }

  manyClients(): Program<ManyClientsCalls> {
    return this.#program<ManyClientsCalls>('many-clients');
  }

  mixedLoad(): Program<MixedLoadCalls> {
    return this.#program<MixedLoadCalls>('mixed-load');
  }

  httpClient(): Program<HttpClientCalls> {
    return this.#program<HttpClientCalls>('http-client');
  }

  bareHttp(): Program<BareHttpCalls> {
    return this.#program<BareHttpCalls>('bare-http');
  }

  bareSender(): Program<BareSenderCalls> {
    return this.#program<BareSenderCalls>('bare-sender');
  }

  sdkLoop(): Program<SdkCalls> {
    return this.#program<SdkCalls>('sdk-loop');
  }

  #program<C extends Calls>(name: string, nodeArgs: readonly string[] = []): Program<C> {
    const program = new Program<C>(name, nodeArgs);
    this.#ends.push(() => program.end());
    this.#programs.push(program as unknown as Program<Calls>);
    return program;
  }
}
