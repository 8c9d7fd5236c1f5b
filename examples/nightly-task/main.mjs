/**
 * A task that runs by itself each second, here with a look at its first two runs.
 *
 *     node examples/nightly-task/main.mjs
 *
 * It runs a Greenroom in this process, in the folder `data`. A real one would say `cron: '0 7 * * 1-5'` and a time zone, and
 * leave the daemon to it.
 */
import { startGreenroom } from 'greenroom';

const greenroom = await startGreenroom({ dataDir: './data' });
const { templates, tasks, schedules } = greenroom;

await templates.put('report', {
  prompt: 'Report on {{topic}}.',
  settings: { systemPrompt: 'You write short reports.', tags: ['report'] },
});
await tasks.put('weather', { template: 'report', variables: { topic: 'the weather' } });
const lives = greenroom.watch();
await schedules.put('often', { task: 'weather', everySeconds: 1 });

let seen = 0;
for await (const event of lives) {
  if (event.type !== 'session.completed') continue;
  seen += 1;
  if (seen === 2) break;
}
await schedules.pause('often');

const { executions } = await tasks.executions('weather');
for (const { status, scheduleId, resultData } of executions.slice(-2))
  console.log(scheduleId, status, resultData);
await schedules.delete('often');
await greenroom.stop();
