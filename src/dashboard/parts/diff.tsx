/** A change of a text, as people read changes. */
import { diffLines } from './diff-lines.ts';

export const Diff = ({ before, after }: { readonly before: string; readonly after: string }) => (
  <pre class="diff">
    {diffLines(before, after).map(({ kind, text }, at) => (
      <span key={at} class={kind}>
        {kind === 'gone' ? '- ' : kind === 'new' ? '+ ' : '  '}
        {text}
        {'\n'}
      </span>
    ))}
  </pre>
);
