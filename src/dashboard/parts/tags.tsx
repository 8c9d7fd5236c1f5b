/** Tags; each leads to the sessions that have it. */
import { addressOf } from '../ground/route.ts';

export const Tags = ({ of }: { readonly of: readonly string[] }) =>
  of.length === 0 ? null : (
    <span class="tags">
      {of.map((tag) => (
        <a key={tag} class="tag" href={addressOf(['sessions'], { q: `tag:${quoted(tag)}` })}>
          {tag}
        </a>
      ))}
    </span>
  );

/** A value in the query language. */
export const quoted = (value: string): string =>
  /^[\w./-]+$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
