/** Pages from a real server on this machine, which is a private host and has to be allowed. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MAX_PAGE_TEXT, WebFetch } from '../../../src/tools/builtin/web-fetch.ts';
import { fetchPage, type LookUp, MAX_PAGE_BYTES } from '../../../src/tools/web/fetch-page.ts';
import { until } from '../../support/until.ts';
import { jobIn, resultOf } from '../calling.ts';

const serving = async (listener: RequestListener) => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { asked, port, url: `http://127.0.0.1:${port}` };
};

const WEB = { privateHosts: ['127.0.0.1'] };
const fetching = async (url: string, more: object = {}, web = WEB) =>
  resultOf(
    await WebFetch.run(
      jobIn('/', 'WebFetch', { url, prompt: 'What is it?', ...more }, { web }),
      new AbortController().signal,
    ),
  );

describe('a page', () => {
  it('comes as text, with what was asked about it', async () => {
    const { url } = await serving((_, response) => {
      response.setHeader('content-type', 'text/html; charset=iso-8859-1');
      response.end(Buffer.from('<title>T</title><body><h1>Grüße</h1>', 'latin1'));
    });
    const { text, isError } = await fetching(`${url}/a`);
    expect(isError).toBe(false);
    expect(text).toBe(`Asked: What is it?\nPage: ${url}/a (200 OK)\n\nTitle: T\n\n# Grüße`);
  });

  it('that is long comes in parts', async () => {
    const long = 'x'.repeat(MAX_PAGE_TEXT + 5);
    const { url } = await serving((_, response) => response.end(long));
    const first = await fetching(url);
    expect(first.text).toContain(
      `[PARTIAL view: characters 0 to ${MAX_PAGE_TEXT} of ${MAX_PAGE_TEXT + 5}. Read on with offset ${MAX_PAGE_TEXT}.]`,
    );
    expect((await fetching(url, { offset: MAX_PAGE_TEXT })).text).toContain('\nxxxxx\n');
  });

  it('that unpacks to more than a page may have is cut', async () => {
    const bomb = gzipSync(Buffer.alloc(MAX_PAGE_BYTES * 3, 'y'));
    const { url } = await serving((_, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(bomb);
    });
    const page = await fetchPage(url, { settings: WEB, signal: new AbortController().signal });
    expect(page).toMatchObject({ type: 'page', isCut: true });
    expect(page.type === 'page' && page.bytes.length).toBe(MAX_PAGE_BYTES);
  });

  it.each([
    ['that is not there is an error with what it says', 404, 'text/plain', '(404 Not Found)'],
    ['that is no text is refused', 200, 'image/png', 'is image/png of 4 bytes, and not text'],
  ])('%s', async (_, status, type, why) => {
    const { url } = await serving((__, response) => {
      response.writeHead(status, { 'content-type': type });
      response.end('gone');
    });
    const { isError, text } = await fetching(url);
    expect(isError).toBe(true);
    expect(text).toContain(why);
  });

  it('that breaks off, and a host that does not answer, are errors', async () => {
    const { url } = await serving((_, response) => {
      response.setHeader('content-length', '100');
      response.write('x');
      setImmediate(() => response.destroy());
    });
    expect((await fetching(url)).isError).toBe(true);
    const gone = await fetching('https://127.0.0.1:1/');
    expect(gone.text).toContain('127.0.0.1:1 could not be fetched: ECONNREFUSED');
  });

  it('that never comes ends with the call', async () => {
    const { url, asked } = await serving(() => undefined);
    const ending = new AbortController();
    const job = jobIn('/', 'WebFetch', { url, prompt: '' }, { web: WEB });
    const running = WebFetch.run(job, ending.signal);
    await until(() => asked.length === 1);
    ending.abort();
    expect(await running).toEqual({ type: 'cancelled' });
  });
});

describe('a redirection', () => {
  it('on the same host is followed', async () => {
    const { url, asked } = await serving((request, response) => {
      if (request.url === '/b') return response.end('here');
      return response.writeHead(302, { location: '/b' }).end();
    });
    expect((await fetching(`${url}/a`)).text).toContain('here');
    expect(asked).toEqual(['/a', '/b']);
  });

  it('to another host is named and not followed', async () => {
    const other = await serving((_, response) => response.end('secret'));
    const { url } = await serving((_, response) =>
      response.writeHead(301, { location: `${other.url}/x` }).end(),
    );
    const { text, isError } = await fetching(url);
    expect(isError).toBe(false);
    expect(text).toContain(`redirects to another host: ${other.url}/x\nIt was not followed.`);
    expect(other.asked).toEqual([]);
  });

  it('without an end is given up', async () => {
    const { url } = await serving((_, response) =>
      response.writeHead(302, { location: '/' }).end(),
    );
    expect((await fetching(url)).text).toContain('redirected more than 10 times');
  });

  it('to another protocol is not followed', async () => {
    const { url } = await serving((_, response) =>
      response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    );
    const { text } = await fetching(url);
    expect(text).toContain('redirects to another host: file:///etc/passwd');
  });
});

describe('a private host', () => {
  const none = { privateHosts: [] };

  it.each([
    ...['127.0.0.1', 'localhost', '[::1]', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]'],
    ...['169.254.169.254', '10.0.0.1', '0'],
  ])('is refused unless it is allowed: %s', async (host) => {
    const { asked, port } = await serving((_, response) => response.end('secret'));
    const { isError, text } = await fetching(`http://${host}:${port}/`, {}, none);
    expect(isError).toBe(true);
    expect(text).toContain('not on the open internet');
    expect(asked).toEqual([]);
  });

  it('behind a public name is refused, if only one of its addresses is private', async () => {
    const lookUp: LookUp = async () => [
      { address: '93.184.216.34', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    const { signal } = new AbortController();
    const asked = fetchPage('https://example.com', { settings: none, signal, lookUp });
    await expect(asked).rejects.toThrow('example.com is at 127.0.0.1');
  });

  it('is not reached by a name that leads elsewhere the second time: it is looked up once', async () => {
    const { port, asked } = await serving((_, response) => response.end('here'));
    let lookUps = 0;
    const lookUp: LookUp = async () => {
      lookUps += 1;
      return [{ address: lookUps === 1 ? '127.0.0.1' : '127.9.9.9', family: 4 }];
    };
    const settings = { privateHosts: ['name.test'] }; // so that the check lets the first answer pass
    const { signal } = new AbortController();
    const page = await fetchPage(`http://name.test:${port}/`, { settings, signal, lookUp });
    expect(page).toMatchObject({ type: 'page', status: 200 });
    expect({ lookUps, asked: asked.length }).toEqual({ lookUps: 1, asked: 1 });
  });
});
