/** Failures to connect that no waiting mends: TLS that is not spoken, a certificate, a database that is none. */
import { StorageError } from '../../../model/errors.ts';

const CERTIFICATE =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|CERT_[A-Z_]+|ERR_TLS_CERT_ALTNAME_INVALID)$/;
/** What a TLS client is told by a server that does not speak it. */
const NO_TLS = /^(ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG|EPROTO)$/;

/** @param plain what to write for a connection without TLS. */
export const noTls = (server: string, plain: string, cause?: unknown): StorageError =>
  new StorageError(
    `the ${server} server at this URL does not speak TLS: ${plain}`,
    cause === undefined ? {} : { cause },
    'invalid_settings',
  );

/** @param tls what to write for a connection with TLS. */
export const onlyTls = (server: string, tls: string, cause: unknown): StorageError =>
  new StorageError(
    `the ${server} server at this URL speaks nothing but TLS: ${tls}`,
    { cause },
    'invalid_settings',
  );

/** `invalid_settings` with what to do; undefined for what may pass. @param plain what to write for a connection without TLS. */
export const settingsFault = (
  server: string,
  error: unknown,
  plain: string,
): StorageError | undefined => {
  const { code = '', message = '', syscall } = error as Partial<NodeJS.ErrnoException>;
  const words = (why: string) => new StorageError(why, { cause: error }, 'invalid_settings');
  if (CERTIFICATE.test(code))
    return words(
      `the certificate of the ${server} server is not accepted (${code}): name its authority in NODE_EXTRA_CA_CERTS`,
    );
  if (NO_TLS.test(code) || /does not support SSL/i.test(message))
    return noTls(server, plain, error);
  if (syscall === 'open')
    return words(`a file that the URL of the ${server} server names cannot be read: ${message}`);
  if (/\bDB index is out of range|\bSELECT is not allowed/i.test(message))
    return words(`this ${server} server has no database of that number: ${message}`);
  return undefined;
};
