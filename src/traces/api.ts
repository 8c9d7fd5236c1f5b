/**
 * The API of OpenTelemetry, if the program has it: an optional package, loaded when spans are asked for. It has no
 * exporter of its own; without a provider that the program registers, its spans are nothing.
 */
export type Api = typeof import('@opentelemetry/api');

const PACKAGE = '@opentelemetry/api';

/** undefined: the package is not installed. */
export const loadApi = async (
  load: (name: string) => Promise<unknown> = importByName,
): Promise<Api | undefined> => {
  try {
    return (await load(PACKAGE)) as Api;
  } catch (error) {
    if (isNotInstalled(error)) return undefined;
    throw error;
  }
};

/** So a bundler leaves it alone. */
const importByName = (name: string): Promise<unknown> =>
  import(/* webpackIgnore: true */ /* @vite-ignore */ name);

/** A package that is there and lacks one of its own is another trouble. */
const isNotInstalled = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'ERR_MODULE_NOT_FOUND' &&
  error.message.includes(`'${PACKAGE}'`);
