/** What is read when somebody asks, as metrics. What cannot be read at the moment has no sample. */
import { READ } from './declared.ts';
import type { Family, Sample } from './text-format.ts';

type Readings = { readonly [K in Exclude<keyof typeof READ, 'info'>]: number | undefined };

export interface Read extends Readings {
  readonly version: string;
}

export const readFamilies = ({ version, ...readings }: Read): readonly Family[] => [
  { declared: READ.info, samples: [{ labels: { version }, value: 1 }] },
  ...Object.entries(readings).map(
    ([key, value]): Family => ({
      declared: READ[key as keyof Readings],
      samples: value === undefined ? NO_SAMPLES : [{ value }],
    }),
  ),
];

const NO_SAMPLES: readonly Sample[] = [];
