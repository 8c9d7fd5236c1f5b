/** Where a glob begins: the folders before its first wildcard, which may lead anywhere, and the pattern below them. Pure. */

export interface GlobPlace {
  /** Relative to the folder that the call names, unless it is absolute. */
  readonly lead: string;
  readonly pattern: string;
}

/** The same folder that a permission for the call is decided on. */
export const globPlace = (pattern: string): GlobPlace => {
  const [lead = ''] = /^[^*?[{]*(?=\/|$)/.exec(pattern) ?? [];
  const rest = pattern.slice(lead.length);
  return { lead: lead === '' && rest.startsWith('/') ? '/' : lead, pattern: rest };
};
