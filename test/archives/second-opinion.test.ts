/** Archives and backups against a server of S3 that is not ours and knows nothing of us: skipped where it is not installed. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backupsCare } from '../../src/app/backups-care.ts';
import { S3Target } from '../../src/archives/targets/s3-target.ts';
import { systemClock } from '../../src/otp/system-clock.ts';
import { backupsName } from '../../src/session/ports/backups.ts';
import { unstartedGreenroom } from '../support/greenroom.ts';
import { Moto, type SignedRequest, signatureOf, withoutMoto } from '../support/moto.ts';
import { FULL, makeTree, treeOf } from '../support/trees.ts';

const never = new AbortController().signal;

describe.skipIf(withoutMoto())('at a server of S3 by others', () => {
  const base = mkdtempSync(join(tmpdir(), 'greenroom-opinion-'));
  let moto: Moto;
  let strict: Moto;
  beforeAll(async () => {
    [moto, strict] = await Promise.all([Moto.start(false), Moto.start(true)]);
    return () => Promise.all([moto.stop(), strict.stop()]).then(() => undefined);
  });
  afterAll(() => rmSync(base, { recursive: true }));

  const targetWith = (
    keys: Moto['keys'],
    { endpoint, bucket }: Pick<Moto, 'endpoint' | 'bucket'> = moto,
    prefix = 'of us & é/',
  ) =>
    new S3Target({
      place: {
        ...{ kind: 's3', endpoint, bucket, region: 'us-east-1' },
        prefix,
      },
      ...{ keys: () => keys, clock: systemClock, partBytes: 5 * 1024 * 1024 },
    });
  const fileOf = (bytes: Buffer) => {
    const path = join(base, 'file');
    writeFileSync(path, bytes);
    return { path, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  };
  const readAll = async (target: S3Target, from: number, to: number): Promise<Buffer> => {
    const parts: Uint8Array[] = [];
    for await (const part of target.read('one', from, to, never)) parts.push(part);
    return Buffer.concat(parts);
  };

  test('what is put whole and in parts is listed, read, kept once, and goes', async () => {
    const target = targetWith(strict.keys);
    const large = Buffer.alloc(11 * 1024 * 1024, 'some bytes ');
    for (const bytes of [Buffer.from('small'), large]) {
      await target.put('one', fileOf(bytes), never, true);
      expect(await target.size('one', never)).toBe(bytes.length);
      expect((await readAll(target, 0, bytes.length)).equals(bytes)).toBe(true);
      expect((await readAll(target, 1, 4)).equals(bytes.subarray(1, 4))).toBe(true);
    }
    const names = ['n0', 'n1', 'n2'];
    await Promise.all(names.map((name) => target.overwrite(name, Buffer.from(name), never)));
    const listed: { name: string; size: number }[] = [];
    for await (const each of target.list(never)) listed.push(each);
    expect(listed.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      ...names.map((name) => ({ name, size: 2 })),
      { name: 'one', size: large.length },
    ]);
    expect(await target.putOnce('once', Buffer.from('first'), never)).toBe(true);
    expect(await target.putOnce('once', Buffer.from('second'), never)).toBe(false);
    expect(await target.size('once', never)).toBe(5);
    await target.remove('one', never);
    expect(await target.size('one', never)).toBeUndefined();
    await expect(readAll(target, 0, 3)).rejects.toMatchObject({ code: 'archive_not_found' });
  });

  test('a good signature is taken there, a wrong key and a wrong secret are not', async () => {
    const { keys } = strict;
    const at = (by: Moto['keys']) => targetWith(by, strict, 'plain/'); // it signs no other paths
    expect(await at(keys).putOnce('one', Buffer.from('x'), never)).toBe(true);
    expect(await at(keys).size('one', never)).toBe(1);
    for (const wrong of [
      { ...keys, accessKeyId: 'AKIDANOTHER' },
      { ...keys, secretAccessKey: 'another' },
    ])
      await expect(at(wrong).putOnce('never', Buffer.from('x'), never)).rejects.toMatchObject({
        code: 'forbidden',
      });
  });

  test('requests with a query are signed as they would be by others', async () => {
    const seen: SignedRequest[] = [];
    const server = createServer(({ method = '', url = '', headers }, response) => {
      const all = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
      seen.push({ method, url: `${endpoint}${url}`, headers: Object.fromEntries(all) });
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const target = targetWith(strict.keys, { endpoint, bucket: 'green-room' });
    await target.remove('one', never);
    await expect(target.list(never)[Symbol.asyncIterator]().next()).rejects.toThrow();
    await new Promise((resolve) => server.close(resolve));
    expect(seen.map(({ method }) => method)).toEqual(['GET', 'DELETE', 'GET']);
    for (const request of seen)
      expect(request.headers['authorization']).toContain(
        `Signature=${signatureOf(request, strict.keys, 'us-east-1')}`,
      );
  });

  test('a session is archived and brought back, and the store is backed up and restored', async () => {
    const greenroom = await unstartedGreenroom();
    const bucket = {
      ...{ s3Endpoint: moto.endpoint, s3Region: 'us-east-1', s3Bucket: moto.bucket },
      ...{ s3AccessKeyId: strict.keys.accessKeyId, s3SecretAccessKey: strict.keys.secretAccessKey },
    };
    const backupTo = `s3://${moto.bucket}/off-site`;
    await greenroom.start({ ...bucket, storageProvider: 's3', backupTo });
    const directory = join(base, 'project');
    mkdirSync(directory);
    makeTree(directory, FULL);
    await greenroom.sessions.create('here', { workingDirectory: directory });
    await greenroom.sessions.append('here', [{ role: 'user', content: 'Hello' }]);
    await greenroom.sessions.complete('here');
    const wait = { waitMs: 30_000 };
    const { archiveId, status } = await greenroom.sessions.archive('here', wait);
    expect(status).toBe('completed');
    const { archives } = greenroom.greenroom;
    const { work } = await archives.restore(archiveId, { to: join(base, 'again'), ...wait });
    expect(work).toMatchObject({ status: 'completed' });
    expect(treeOf(join(base, 'again'))).toEqual(treeOf(directory));

    const backups = greenroom.greenroom.system.fetch(backupsName);
    for (let n = 0; n < 2; n += 1) {
      await backups.request('a test');
      await backups.settled(60_000);
      expect(backups.state().record).toMatchObject({ status: 'idle', tried: 0 });
    }
    const { cost, backupId } = backups.state().record?.last ?? {};
    expect(cost?.storedBytes).toBeLessThan(cost?.sentBytes ?? 0);
    const config = { ...bucket, dataDir: join(base, 'back'), archiveMbPerSecond: 0 } as never;
    const wanted = { from: backupTo, backupId: undefined };
    expect(await backupsCare.restoreFrom(config, wanted, never, () => undefined)).toMatchObject({
      ...{ backupId, sessions: 1, broken: 0 },
    });
    backups.remove(backupId ?? '', 'a test');
    await backups.settled(60_000);
    expect(backups.state().work).toMatchObject({ kind: 'delete', status: 'completed' });
    expect(await backups.list({ limit: 10 })).toHaveLength(1);
  });
});
