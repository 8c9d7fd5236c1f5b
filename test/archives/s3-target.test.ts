/** A bucket as a place for archives, held by a server that checks every signature and fails as real ones do. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { S3Target } from '../../src/archives/targets/s3-target.ts';
import { systemClock } from '../../src/otp/system-clock.ts';
import { FakeS3, type Fault, KEYS } from '../support/fake-s3.ts';

const folder = mkdtempSync(join(tmpdir(), 'greenroom-s3-'));
const never = new AbortController().signal;
let s3: FakeS3;
beforeAll(async () => {
  s3 = await FakeS3.start();
});
afterAll(async () => {
  await s3.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  s3.objects.clear();
  s3.uploads.clear();
  s3.seen.length = 0;
  s3.fault = () => undefined;
  [s3.pageSize, s3.saysNext] = [1_000, true];
});

const targetWith = (more: Partial<ConstructorParameters<typeof S3Target>[0]> = {}) =>
  new S3Target({
    place: {
      kind: 's3',
      endpoint: s3.endpoint,
      region: 'eu-test-1',
      bucket: s3.bucket,
      prefix: 'archives/of us & é/',
    },
    keys: () => KEYS,
    clock: systemClock,
    timeoutMs: 5_000,
    ...more,
  });

const fileOf = (bytes: Buffer) => {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const path = join(folder, sha256);
  writeFileSync(path, bytes);
  return { path, size: bytes.length, sha256 };
};

const small = Buffer.from('the bytes of an archive');

test('a server that would pack its answers is told not to: their lengths are those of the objects', async () => {
  s3.packsAnswers = true;
  try {
    const target = targetWith();
    expect(await target.putOnce('one.json', small, never)).toBe(true);
    expect(await target.size('one.json', never)).toBe(small.length);
    for await (const { size } of target.list(never)) expect(size).toBe(small.length);
  } finally {
    s3.packsAnswers = false;
  }
});

test('keys that hold for a while come with their token, which is signed', async () => {
  s3.sessionToken = 'a token+/=';
  try {
    const target = targetWith({ keys: () => ({ ...KEYS, sessionToken: 'a token+/=' }) });
    expect(await target.putOnce('with-token.json', small, never)).toBe(true);
    await expect(targetWith().putOnce('without.json', small, never)).rejects.toMatchObject({
      code: 'forbidden',
    });
  } finally {
    s3.sessionToken = undefined;
  }
});
const large = Buffer.alloc(12 * 1024 * 1024, 'abcdefg');
const KEY = 'archives/of us & é/name.tar.gz';

const readAll = async (target: S3Target, from: number, to: number): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for await (const part of target.read('name.tar.gz', from, to, never)) parts.push(part);
  return Buffer.concat(parts);
};

test('what is put is there, has its size, is read whole and in part, and goes', async () => {
  const target = targetWith();
  await target.put('name.tar.gz', fileOf(small), never);
  expect(s3.objects.get(KEY)).toEqual(small);
  expect(target.uri('name.tar.gz')).toBe(`s3://green-room/${KEY}`);
  expect(await target.size('name.tar.gz', never)).toBe(small.length);
  expect(await readAll(target, 0, small.length)).toEqual(small);
  expect((await readAll(target, 4, 9)).toString()).toBe('bytes');
  await target.remove('name.tar.gz', never);
  await target.remove('name.tar.gz', never);
  expect(await target.size('name.tar.gz', never)).toBeUndefined();
  await expect(readAll(target, 0, 5)).rejects.toMatchObject({ code: 'archive_not_found' });
  expect(s3.listing).toEqual([]);
});

test('what is there is not put again', async () => {
  const target = targetWith();
  await target.put('name.tar.gz', fileOf(small), never);
  await target.put('name.tar.gz', fileOf(small), never);
  expect(s3.seen.filter(({ method }) => method === 'PUT')).toHaveLength(1);
});

test('the second to put something once hears that it is not the first', async () => {
  const target = targetWith();
  expect(await target.putOnce('name.tar.gz', small, never)).toBe(true);
  expect(await target.putOnce('name.tar.gz', Buffer.from('other'), never)).toBe(false);
  expect(s3.objects.get(KEY)).toEqual(small);
});

test('what is large goes in parts, and what an upload that died has left goes with it', async () => {
  const target = targetWith({ partBytes: 5 * 1024 * 1024 });
  s3.uploads.set('dead', { key: KEY, parts: new Map() });
  s3.uploads.set('another', { key: `${KEY}.other`, parts: new Map() });
  await target.put('name.tar.gz', fileOf(large), never);
  expect(s3.objects.get(KEY)?.equals(large)).toBe(true);
  expect(s3.listing).toEqual([KEY, `upload of ${KEY}.other`]);
  expect(s3.seen.filter(({ query }) => query.includes('partNumber'))).toHaveLength(3);
});

/** What a fault does to a put: whether it fails, and that nothing is left of what failed. */
describe.each<[Fault]>([['slowDown'], ['errorIn200'], ['cut'], ['failAfter']])('%s', (fault) => {
  test.each([
    ['of a small object', small],
    ['of a large one', large],
  ])(
    'at any request of a put %s: it is there, or the put fails and may be made again',
    async (_, bytes) => {
      const target = targetWith({ partBytes: 5 * 1024 * 1024 });
      const file = fileOf(bytes);
      await target.put('name.tar.gz', file, never);
      const requests = s3.seen.length;
      for (let at = 0; at < requests; at += 1) {
        s3.objects.clear();
        let count = 0;
        s3.fault = ({ method }) => (count++ === at && method !== 'HEAD' ? fault : undefined);
        const failed = await target.put('name.tar.gz', file, never).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failed === undefined) expect(s3.objects.get(KEY)?.equals(bytes)).toBe(true);
        else expect(failed).toMatchObject({ code: 'unavailable' });
        s3.fault = () => undefined;
        await target.put('name.tar.gz', file, never);
        expect(s3.objects.get(KEY)?.equals(bytes)).toBe(true);
        await target.remove('name.tar.gz', never);
        expect(s3.listing).toEqual([]);
      }
    },
  );
});

describe('what is read', () => {
  test.each<[Fault]>([['slowDown'], ['cut'], ['wrongLength'], ['failAfter']])(
    'fails for %s, and is never short',
    async (fault) => {
      const target = targetWith();
      await target.put('name.tar.gz', fileOf(small), never);
      s3.fault = () => fault;
      await expect(readAll(target, 0, small.length)).rejects.toMatchObject({ code: 'unavailable' });
    },
  );

  test('a server that says nothing is given up', async () => {
    const target = targetWith({ timeoutMs: 100 });
    s3.fault = () => 'hang';
    await expect(target.size('name.tar.gz', never)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(readAll(target, 0, 5)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('who has enough is not waited for', async () => {
    const target = targetWith();
    s3.fault = () => 'hang';
    const controller = new AbortController();
    const asked = target.size('name.tar.gz', controller.signal);
    controller.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });
});

test('wrong keys, another bucket and a server that is not there are told apart', async () => {
  const wrong = { ...KEYS, secretAccessKey: 'another' };
  await expect(
    targetWith({ keys: () => wrong }).overwrite('x', small, never),
  ).rejects.toMatchObject({ code: 'forbidden', message: expect.not.stringContaining('another') });
  const { place } = targetWith();
  await expect(
    targetWith({ place: { ...place, bucket: 'not-there' } }).overwrite('x', small, never),
  ).rejects.toMatchObject({ code: 'invalid_settings' });
  await expect(
    targetWith({ place: { ...place, endpoint: 'http://127.0.0.1:1' } }).size('x', never),
  ).rejects.toMatchObject({ code: 'unavailable' });
});

test('a bucket in another region is a setting that is wrong, whatever is asked of it', async () => {
  const target = targetWith();
  for (const fault of ['elsewhere', 'wrongRegion'] as const) {
    s3.fault = () => fault;
    const asked = [
      () => target.size('name.tar.gz', never),
      () => target.putOnce('name.tar.gz', small, never),
      () => readAll(target, 0, 5),
      () => target.list(never)[Symbol.asyncIterator]().next(),
    ];
    for (const each of asked)
      await expect(each()).rejects.toMatchObject({
        code: 'invalid_settings',
        message: expect.stringContaining('in the region eu-other-1'),
      });
  }
});

test('a list that is cut and does not say where it goes on is no list', async () => {
  const target = targetWith();
  for (const name of ['a', 'b', 'c']) await target.overwrite(name, small, never);
  s3.pageSize = 2;
  s3.saysNext = false;
  const names: string[] = [];
  const all = async () => {
    for await (const { name } of target.list(never)) names.push(name);
  };
  await expect(all()).rejects.toMatchObject({ code: 'invalid_settings' });
});

test('of two who put something once at the same time none is sent away for nothing', async () => {
  s3.fault = () => 'conflict';
  await expect(targetWith().putOnce('name.tar.gz', small, never)).rejects.toMatchObject({
    code: 'unavailable',
  });
});

test('a server that knows no conditions is asked what is there first', async () => {
  s3.fault = () => 'noHeaders';
  const target = targetWith();
  expect(await target.putOnce('name.tar.gz', small, never)).toBe(true);
  expect(await target.putOnce('name.tar.gz', Buffer.from('other'), never)).toBe(false);
  expect(s3.objects.get(KEY)).toEqual(small);
});

test('who waits by a limit of its own does not take the server for one that is silent', async () => {
  const running = new Set<() => void>();
  const setTimeout = (fn: () => void) => {
    running.add(fn);
    return { cancel: () => running.delete(fn) };
  };
  const held: (() => void)[] = [];
  const pace = () => new Promise<void>((resolve) => held.push(resolve));
  const target = targetWith({ clock: { ...systemClock, setTimeout }, pace });
  const done = target.overwrite('name.tar.gz', small, never);
  await expect.poll(() => held.length).toBe(1);
  expect(running.size).toBe(0);
  held[0]?.();
  await done;
  expect(s3.objects.get(KEY)).toEqual(small);
  expect(running.size).toBe(0);
});
