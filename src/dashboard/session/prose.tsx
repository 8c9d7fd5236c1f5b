/** Text of a message: paragraphs, and code between fences. Nothing of it is ever markup. */
import { partsOf } from './fences.ts';

export const Prose = ({ text }: { readonly text: string }) => (
  <div class="prose">
    {partsOf(text).map((part, at) =>
      part.isCode ? (
        <pre key={at} class="code" tabIndex={0}>
          {part.text}
        </pre>
      ) : (
        <p key={at}>{part.text}</p>
      ),
    )}
  </div>
);
