/** A time: how long ago, and on asking the moment itself. */
import { now } from '../ground/time.ts';
import { ago, moment } from '../ground/words.ts';

export const Ago = ({ at }: { readonly at: string }) => (
  <time dateTime={at} title={moment(at)}>
    {ago(at, now.value)}
  </time>
);
