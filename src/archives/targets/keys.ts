/** The keys of a bucket: from the settings, which take them from the environment or a file. */
import type { Config } from '../../config/config.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { S3Keys } from './s3-target.ts';

/** Settings with the keys; the token is of those that hold for a while. */
export type KeySettings = Pick<Config, 's3AccessKeyId' | 's3SecretAccessKey'> &
  Partial<Pick<Config, 's3SessionToken'>>;

/** Throws `invalid_settings` where there are none. */
export const keysOf = ({
  s3AccessKeyId: accessKeyId,
  s3SecretAccessKey: secretAccessKey,
  s3SessionToken: sessionToken,
}: KeySettings): S3Keys => {
  if (accessKeyId !== undefined && secretAccessKey !== undefined)
    return { accessKeyId, secretAccessKey, sessionToken };
  throw new GreenroomError(
    'invalid_settings',
    'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set',
  );
};
