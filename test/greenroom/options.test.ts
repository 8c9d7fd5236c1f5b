/** What a program gives to `startGreenroom`: a name that is none is an error, never a default. */
import { expect, it } from 'vitest';
import { type GreenroomOptions, startGreenroom } from '../../src/index.ts';

it.each<[object, string]>([
  [{ bogus: 1 }, '"bogus" is no option of startGreenroom'],
  [{ workres: 4 }, '"workres" is no option of startGreenroom'],
  [{ natsUrl: 'nats://127.0.0.1:1' }, 'give nats: { url, creds, port }'],
  [{ nats: { server: 'x' } }, '"server" is no option of nats: url, creds, port'],
])('%j is refused, and nothing is started', async (options, message) => {
  const started = startGreenroom({ dataDir: '/nowhere', ...options } as GreenroomOptions);
  await expect(started).rejects.toMatchObject({ code: 'invalid_settings' });
  await expect(started).rejects.toThrow(message);
});
