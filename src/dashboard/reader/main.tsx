/** The reader of `openapi.json`: each address of the API, what it takes and what it answers. A page of its own. */
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type Problem, readDescription } from '../ground/ask.ts';
import { Loading } from '../parts/loading.tsx';
import { Trouble } from '../parts/problem.tsx';
import { Shown } from './operation.tsx';
import { type Document, groupsOf, operationsOf } from './operations.ts';

/** An address may have been cut, or made up: then it names nothing. */
const chosen = (): string => {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return '';
  }
};

const Reader = () => {
  const [document, setDocument] = useState<Document>();
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    readDescription().then((value) => setDocument(value as Document), setProblem);
  }, []);
  return (
    <>
      <header class="top">
        <a class="brand" href="/sessions">
          <img src="/icon.svg" alt="" width="22" height="22" /> Greenroom
        </a>
        <span class="second">the API below /v1</span>
      </header>
      <main id="main">
        <h1>API {document?.info.version}</h1>
        <Trouble problem={problem} />
        {document === undefined ? (
          problem === undefined ? (
            <Loading />
          ) : null
        ) : (
          <Reading document={document} />
        )}
      </main>
    </>
  );
};

const Reading = ({ document }: { readonly document: Document }) => {
  const [words, setWords] = useState('');
  const [id, setId] = useState(chosen);
  useEffect(() => {
    const moved = () => setId(chosen());
    addEventListener('hashchange', moved);
    return () => removeEventListener('hashchange', moved);
  }, []);
  const operations = operationsOf(document);
  const operation = operations.find((one) => one.id === id) ?? operations[0];
  return (
    <>
      <p>
        {document.info.description} As a file: <a href="/openapi.json">openapi.json</a>.
      </p>
      <div class="beside reader">
        <nav aria-label="Addresses">
          <label>
            <span class="hidden">Find an address</span>
            <input
              type="search"
              placeholder="Find an address"
              value={words}
              onInput={(event) => setWords(event.currentTarget.value)}
            />
          </label>
          {groupsOf(operations, words).map(({ name, operations: found }) => (
            <section key={name}>
              <h2>{name}</h2>
              <ul>
                {found.map(({ id: other, method, path, summary }) => (
                  <li key={other}>
                    <a
                      href={`#${encodeURIComponent(other)}`}
                      aria-current={other === operation?.id ? 'true' : undefined}
                      title={summary}
                    >
                      <span class="method">{method}</span> {path}
                    </a>
                  </li>
                ))}
              </ul>
            </section>
          ))}
        </nav>
        {operation === undefined ? null : (
          <Shown key={operation.id} document={document} operation={operation} />
        )}
      </div>
    </>
  );
};

const root = document.getElementById('page');
root?.replaceChildren(); // until then it shows what the file has
if (root !== null) render(<Reader />, root);
