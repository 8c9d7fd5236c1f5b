/** The program of a thread that runs the hook of one module: one call after the other. What it is given is a `ModuleArgs`. */
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

export interface ModuleArgs {
  readonly path: string;
  /** Of the export. */
  readonly name: string;
}

export interface ModuleCall {
  /** The hook's input. */
  readonly json: string;
  readonly toolUseId: string | undefined;
}

export type ModuleAnswer =
  | { readonly kind: 'missing'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string }
  /** As JSON; absent: nothing. */
  | { readonly kind: 'value'; readonly json?: string };

const { path, name } = workerData as ModuleArgs;

const wordsOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const load = async (): Promise<unknown> => {
  const loaded = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  return loaded[name];
};
const loading = load();
loading.catch(() => undefined); // each call says it

const answer = async ({ json, toolUseId }: ModuleCall): Promise<ModuleAnswer> => {
  let hook: unknown;
  try {
    hook = await loading;
  } catch (error) {
    return { kind: 'missing', why: wordsOf(error) };
  }
  if (typeof hook !== 'function')
    return { kind: 'missing', why: `${path} exports no function ${name}` };
  try {
    // The thread ends with the time of the hook, so the signal of the contract is never aborted here.
    const { signal } = new AbortController();
    const value: unknown = await hook(JSON.parse(json), toolUseId, { signal });
    return value === undefined
      ? { kind: 'value' }
      : { kind: 'value', json: JSON.stringify(value) ?? 'null' };
  } catch (error) {
    return { kind: 'failed', why: wordsOf(error) };
  }
};

parentPort?.on('message', (call: ModuleCall) => {
  void answer(call).then((said) => parentPort?.postMessage(said));
});
