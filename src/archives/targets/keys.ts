/** The keys of a bucket: from the settings, which take them from the environment or a file. */
import type { Config } from '../../config/config.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { S3Keys } from './s3-target.ts';

/** Throws `invalid_settings` where there are none. */
export const keysOf = ({
  s3AccessKeyId: accessKeyId,
  s3SecretAccessKey: secretAccessKey,
}: Pick<Config, 's3AccessKeyId' | 's3SecretAccessKey'>): S3Keys => {
  if (accessKeyId !== undefined && secretAccessKey !== undefined)
    return { accessKeyId, secretAccessKey };
  throw new GreenroomError(
    'invalid_settings',
    'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set',
  );
};
