/** What a caller's settings make of a head. */
import type { Head, Settings } from '../../model/head.ts';
import { normaliseTags } from '../../tags/tags.ts';

/** The head with the settings laid over it. Throws `invalid_settings` for tags out of their rules. */
export const withSettings = (head: Head, { tags, ...settings }: Settings): Head => ({
  ...head,
  ...(settings as Omit<Head, keyof Settings>),
  ...(tags === undefined ? {} : { tags: normaliseTags(tags) }),
  ...(settings.fallbackModel === NO_MODEL ? { fallbackModel: undefined } : {}),
});

/** Takes a fallback model away again. */
const NO_MODEL = 'none';
