/**
 * The API of OpenTelemetry, if the program has it: an optional package, loaded when traces are asked for. It has no
 * exporter of its own; without a provider that the program registers, its spans are nothing.
 */
export type Api = typeof import('@opentelemetry/api');

/** undefined: the package is not installed. */
export const loadApi = async (
  load: () => Promise<Api> = () => import('@opentelemetry/api'),
): Promise<Api | undefined> => {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
};
