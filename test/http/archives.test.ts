/** Archives by HTTP: made, found, and downloaded, whole and in part. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { rangeIn } from '../../src/http/rest/range.ts';
import { sharedGreenroom } from '../support/greenroom.ts';
import { type Client, clientOf, tokenOf } from './rest.ts';

const shared = sharedGreenroom({ httpPort: 0 });
let client: Client;
beforeAll(() => {
  client = clientOf(shared());
});

const bytesOf = async (path: string, headers: Readonly<Record<string, string>> = {}) => {
  const response = await fetch(`${client.url}${path}`, {
    headers: { authorization: `Bearer ${client.token}`, ...headers },
  });
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
};

describe('a token that may read', () => {
  it('downloads no archive, by no address', async () => {
    await shared().run('kept', 'Hello');
    await client.call('POST', '/v1/sessions/kept/complete', {});
    const { body } = await client.call('POST', '/v1/sessions/kept/archive', { waitMs: 30_000 });
    const reader = clientOf(shared(), { scopes: ['read'] });
    for (const path of [
      `/v1/archives/${body.archive.archiveId}/download?object=transcript`,
      '/api/v1/sessions/kept/archive/download?object=transcript',
    ]) {
      expect((await reader.call('GET', path)).status, path).toBe(403);
      expect((await client.call('GET', path)).status, path).toBe(200);
    }
    expect((await reader.call('GET', '/api/v1/sessions/kept/archive')).status).toBe(200);
  });
});

describe('an archive', () => {
  it('is made of a session, found, and its bytes are had whole and in part', async () => {
    await shared().run('s', 'Remember the purple elephant.');
    await client.call('POST', '/v1/sessions/s/complete', {});
    const made = await client.call('POST', '/v1/sessions/s/archive', { waitMs: 30_000 });
    expect(made.body.archive).toMatchObject({ status: 'completed', sessionId: 's' });
    const { archiveId } = made.body.archive;
    const found = await client.call('GET', '/v1/archives?status=completed&limit=5');
    expect(found.body.archives.map((one: { archiveId: string }) => one.archiveId)).toContain(
      archiveId,
    );
    const place = `/v1/archives/${archiveId}/download?object=transcript`;
    const { response, bytes } = await bytesOf(place);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/gzip');
    expect(response.headers.get('content-disposition')).toContain(`${archiveId}.jsonl.gz`);
    const etag = `"${createHash('sha256').update(bytes).digest('hex')}"`;
    expect(response.headers.get('etag')).toBe(etag);
    expect(gunzipSync(bytes).toString()).toContain('purple elephant');
    const rest = await bytesOf(place, { range: 'bytes=10-', 'if-range': etag });
    expect([rest.response.status, rest.response.headers.get('content-range')]).toEqual([
      ...[206, `bytes 10-${bytes.length - 1}/${bytes.length}`],
    ]);
    expect(rest.bytes.equals(bytes.subarray(10))).toBe(true);
    const changed = await bytesOf(place, { range: 'bytes=10-', 'if-range': '"another"' });
    expect([changed.response.status, changed.bytes.equals(bytes)]).toEqual([200, true]);
    const beyond = await bytesOf(place, { range: `bytes=${bytes.length}-` });
    expect([beyond.response.status, beyond.response.headers.get('content-range')]).toEqual([
      ...[416, `bytes */${bytes.length}`],
    ]);
    const head = await client.call('HEAD', place);
    expect([head.status, head.headers.get('content-length')]).toEqual([200, `${bytes.length}`]);
    expect((await client.call('DELETE', `/v1/archives/${archiveId}`)).status).toBe(200);
  });

  it('is for those alone who may operate', async () => {
    const reader = tokenOf(shared(), { scopes: ['read', 'send', 'approve'] });
    const headers = { authorization: `Bearer ${reader}` };
    const { response } = await bytesOf('/v1/archives/any/download', headers);
    expect(response.status).toBe(403);
    const owner = tokenOf(shared(), { owner: 'ann' });
    const narrow = { authorization: `Bearer ${owner}` };
    expect((await bytesOf('/v1/archives/any/download', narrow)).response.status).toBe(403);
  });

  it('that is not there says so', async () => {
    const missing = await client.call('GET', '/v1/archives/none/download');
    expect([missing.status, missing.body.code]).toEqual([404, 'archive_not_found']);
    const wrong = await client.call('GET', '/v1/archives/none/download?object=all');
    expect(wrong.status).toBe(400);
  });
});

it.each([
  [undefined, 'whole'],
  ['bytes=0-9', { from: 0, to: 10 }],
  ['bytes=90-', { from: 90, to: 100 }],
  ['bytes=-5', { from: 95, to: 100 }],
  ['bytes=-500', { from: 0, to: 100 }],
  ['bytes=0-500', { from: 0, to: 100 }],
  ['bytes=100-', 'none'],
  ['bytes=-0', 'none'],
  ['bytes=9-0', 'whole'],
  ['bytes=0-1,5-6', 'whole'],
  ['bytes=-', 'whole'],
  ['lines=0-1', 'whole'],
])('of 100 bytes, %s is %o', (header, range) => {
  expect(rangeIn(header, 100)).toEqual(range);
});
