/**
 * Whether a request names the loopback as its host. A page of the web can have its own name resolve to 127.0.0.1, and
 * then reads our answers as its own; its requests still name it (DNS rebinding).
 */

const NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];
const WITH_PORT = /^(.+?)(?::\d{1,5})?$/;

/** Any port will do: a tunnel may have another one. */
export const isLoopbackHost = (host: string | undefined): boolean => {
  const [, name = ''] = WITH_PORT.exec(host ?? '') ?? [];
  return NAMES.includes(name.toLowerCase());
};
