/** A value as JSON, cut where it is long. */
const MAX = 20_000;

export const Json = ({ of }: { readonly of: unknown }) => {
  const text = typeof of === 'string' ? of : (JSON.stringify(of, null, 2) ?? '');
  return <Text of={text} />;
};

export const Text = ({ of, max = MAX }: { readonly of: string; readonly max?: number }) =>
  of.length <= max ? (
    <pre>{of}</pre>
  ) : (
    <details class="long">
      <summary>
        <pre>{of.slice(0, max)}…</pre>
        <span>Show all {of.length.toLocaleString('en-US')} characters</span>
      </summary>
      <pre>{of.slice(max)}</pre>
    </details>
  );
