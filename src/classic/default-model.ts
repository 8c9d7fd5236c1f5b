/** The model of classic sessions that name none. */
export const DEFAULT_MODEL = 'claude-sonnet-4-5-20250929';
