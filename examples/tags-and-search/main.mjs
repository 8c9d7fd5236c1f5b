/**
 * Sessions that are tagged, and found again: by tag, by cost, by a query as people type it, by what was said.
 *
 *     node examples/tags-and-search/main.mjs
 *
 * It runs a Greenroom in this process, in the folder `data`.
 */
import { startGreenroom } from 'greenroom';

const greenroom = await startGreenroom({ dataDir: './data' });
const { sessions } = greenroom;

const work = [
  ['login', 'Why does the login fail?', ['bug', 'team/web']],
  ['invoice', 'Check invoice 118.', ['billing']],
  ['header', 'The header is crooked.', ['bug', 'team/web']],
];
for (const [id, prompt, tags] of work)
  for await (const event of greenroom.turn(id, prompt, { tags }))
    if (event.type === 'turn.finished') console.log(id, event.status);

await sessions.tag('login', 'urgent');
await sessions.untag('header', 'team/web');

const show = async (what, criteria) => {
  const { sessions: found } = await sessions.search({ ...criteria, sortBy: 'createdAt' });
  console.log(`${what}:`, found.map(({ sessionId }) => sessionId).join(', '));
};
await show('all bugs, newest first', { tags: ['bug'] });
await show('bugs of the web team that are urgent', {
  allTags: ['bug', 'urgent'],
  tagPrefix: 'team/',
});
await show('what has cost something', { minCostUsd: 0.000001 });

const { count } = await sessions.count({ tags: ['bug'] });
console.log('bugs:', count);
const { facets } = await sessions.facets({ by: 'tag' });
for (const { value, sessions: tagged } of facets) console.log(`  ${value}: ${tagged}`);

await greenroom.stop();
