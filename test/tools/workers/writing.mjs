/** Writes a file again and again with the tool, each time all of it in another letter, until it is killed. */
import { Write } from '../../../dist/src/tools/builtin/write.js';

const [, , folder, bytes] = process.argv;
let memory = {};
process.send('ready');
for (let round = 0; ; round++) {
  const content = 'ab'[round % 2].repeat(Number(bytes));
  const key = { tenant: 'default', sessionId: 's' };
  const call = { key, turnId: 't', toolUseId: 'toolu_1', name: 'Write', memory };
  const job = { ...call, workingDirectory: folder, input: { file_path: 'it', content } };
  ({ memory } = await Write.run(job, new AbortController().signal));
}
