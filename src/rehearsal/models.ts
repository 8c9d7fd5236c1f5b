/** The models that the rehearsal lists. It answers for any name that starts with `claude-`. */

const LISTED: readonly (readonly [id: string, name: string, createdAt: string])[] = [
  ['claude-opus-5', 'Claude Opus 5', '2026-07-01T00:00:00Z'],
  ['claude-sonnet-5', 'Claude Sonnet 5', '2026-05-01T00:00:00Z'],
  ['claude-opus-4-8', 'Claude Opus 4.8', '2026-05-01T00:00:00Z'],
  ['claude-haiku-4-5-20251001', 'Claude Haiku 4.5', '2025-10-01T00:00:00Z'],
];

/** What each of them reads at once. */
export const CONTEXT_TOKENS = 200_000;

const infoOf = (id: string, displayName: string, createdAt: string) => ({
  type: 'model',
  id,
  display_name: displayName,
  created_at: createdAt,
  deprecated_at: null,
  retires_at: null,
  lifecycle: 'active',
  line: null,
  capabilities: null,
  max_input_tokens: CONTEXT_TOKENS,
  max_tokens: 64_000,
});

export const isKnownModel = (id: string): boolean => id.startsWith('claude-');

export const modelList = (): object => ({
  data: LISTED.map((model) => infoOf(...model)),
  has_more: false,
  first_id: LISTED[0]?.[0] ?? null,
  last_id: LISTED.at(-1)?.[0] ?? null,
});

export const modelInfo = (id: string): object | undefined => {
  const listed = LISTED.find(([known]) => known === id);
  if (listed) return infoOf(...listed);
  return isKnownModel(id) ? infoOf(id, id, '2026-01-01T00:00:00Z') : undefined;
};
