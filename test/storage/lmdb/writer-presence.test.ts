import { describe, expect, it } from 'vitest';
import { WriterPresence } from '../../../src/storage/lmdb/writer-presence.ts';

const nothing = () => undefined;

describe('the presence of a writer', () => {
  it('one that is outside is sent out at once, and does not come in any more', async () => {
    const presence = new WriterPresence();
    expect(presence.sendOut(nothing, 60_000)).toBe(true);
    let came = false;
    await presence.during(async () => {
      came = true;
    });
    expect(came).toBe(false);
  });

  it('one that stays inside is given up after the limit', async () => {
    const presence = new WriterPresence();
    await presence.during(async () => {
      expect(presence.sendOut(nothing, 1)).toBe(false);
    });
  });

  it('one that is sent out leaves where it looks', async () => {
    const presence = new WriterPresence();
    let went = 0;
    await presence.during(async () => {
      presence.mustStay();
      presence.sendOut(nothing, 0);
      went = 1;
      presence.mustStay();
      went = 2;
    });
    expect(went).toBe(1);
  });

  it('a failure of its work passes, and leaves nobody inside', async () => {
    const presence = new WriterPresence();
    const failed = presence.during(() => Promise.reject(new Error('EIO')));
    await expect(failed).rejects.toThrow('EIO');
    expect(presence.sendOut(nothing, 60_000)).toBe(true);
  });
});
