/**
 * `node dist/scripts/store-fixture/main.js`: writes a small store of today's format, and what is in it, to
 * `test/fixtures/stores/format-N`. Run it before a version is released, and never again for a format that was.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Greenroom, startGreenroom } from '../../src/index.ts';
import { FORMAT_VERSION } from '../../src/storage/records/store.ts';
import { readAll } from './read-all.ts';

const FILES = ['data.mdb', 'commits.log', 'store.json', 'closed.json'];

const into = join(process.cwd(), 'test/fixtures/stores', `format-${FORMAT_VERSION}`);
if (existsSync(into)) throw new Error(`${into} is there: a released format does not change`);

const ask = async (greenroom: Greenroom, sessionId: string, prompt: string): Promise<void> => {
  for await (const _ of greenroom.turn(sessionId, prompt));
};

/** One of each thing that is stored. */
const fill = async (greenroom: Greenroom): Promise<void> => {
  const { sessions } = greenroom;
  await sessions.create('talk', {
    ...{ title: 'A talk — «é»', description: 'of two turns', tags: ['one', 'two'], owner: 'ann' },
    ...{ systemPrompt: 'Be brief.', metadata: { ticket: 7 }, limits: { maxTurns: 10 } },
  });
  await ask(greenroom, 'talk', 'What is a green room?');
  await ask(greenroom, 'talk', '[[rehearse: text="A room to wait in." chunks=3]]');
  await sessions.hold('talk', 'kept for the test');
  await sessions.fork('talk', { newSessionId: 'fork', title: 'Another end' });
  await ask(greenroom, 'fork', 'And here?');
  await sessions.compact('fork', { summary: 'They spoke of rooms.' });
  await sessions.create('tools', { tools: ['Bash'], allowedTools: ['Bash(echo:*)'] });
  const echo = '[[rehearse: tool=Bash input={"command":"echo hello"}]] [[rehearse: text=done]]';
  await ask(greenroom, 'tools', echo);
  await sessions.create('failed', {});
  await ask(greenroom, 'failed', '[[rehearse: status=400 message="no"]]').catch(() => undefined);
  // Nothing of it is ever due: whoever reads the fixture must find it as it is.
  await greenroom.templates.put('report', { prompt: 'Report on {{topic}}.' });
  await greenroom.tasks.put('weather', { template: 'report', variables: { topic: 'rain' } });
  const { sessionId } = await greenroom.tasks.run('weather', { turnId: 'run-1' });
  while ((await sessions.get(sessionId)).status !== 'completed');
  await greenroom.schedules.put('mornings', { task: 'weather', cron: '0 7 * * *' });
  await greenroom.schedules.pause('mornings');
  await sessions.create('put-away', { title: 'archived' });
  await ask(greenroom, 'put-away', 'Keep this.');
  await sessions.complete('put-away');
  await sessions.archive('put-away', { waitMs: 30_000 });
  await sessions.create('gone', { title: 'deleted' });
  await sessions.delete('gone');
};

const dataDir = mkdtempSync(join(tmpdir(), 'greenroom-fixture-'));
const greenroom = await startGreenroom({ dataDir, provider: 'rehearsal', textSearch: 'off' });
await fill(greenroom);
const expected = await readAll(greenroom);
await greenroom.stop();
mkdirSync(into, { recursive: true });
for (const name of FILES)
  writeFileSync(join(into, `${name}.gz`), gzipSync(readFileSync(join(dataDir, 'store', name))));
writeFileSync(join(into, 'expected.json'), `${JSON.stringify(expected, null, 1)}\n`);
rmSync(dataDir, { recursive: true });
process.stdout.write(`wrote ${into}: ${expected.length} sessions\n`);
