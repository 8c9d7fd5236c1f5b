/** The models that a program may name: those of the price table, and short names for the newest of a family. */
import { FAMILIES, type Family, familyNamed, newestOf, newestSonnet } from '../pricing/price.ts';
import type { ModelInfo } from './messages.ts';

/** undefined for the default one. A name that is none of ours is taken as it is. */
export const modelNamed = (name: string | undefined, nowMs: number): string | undefined => {
  if (name === undefined || name === 'default') return undefined;
  const family = familyNamed(name);
  return family === undefined ? name : (newestOf(family, nowMs) ?? name);
};

/** What short names stand for at that time. */
export const modelInfos = (nowMs: number): ModelInfo[] => [
  infoOf('default', newestSonnet(nowMs), 'the newest Sonnet, unless another one is configured'),
  ...FAMILIES.flatMap((family) => {
    const newest = newestOf(family, nowMs);
    return newest === undefined ? [] : [infoOf(family, newest, `the newest ${titled(family)}`)];
  }),
];

const infoOf = (value: string, resolvedModel: string, description: string): ModelInfo => ({
  ...{ value, resolvedModel, description, displayName: titled(value) },
});

const titled = (name: Family | string): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
