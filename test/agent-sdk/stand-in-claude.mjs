/**
 * Stands in for the program that the Agent SDK drives: speaks enough of its stream to take one prompt.
 * It reads the transcripts that it finds under the session that it resumes, mirrors the prompt, an
 * answer that names them and a sub-agent's line, and ends.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const resumed = process.argv.find((arg) => arg.startsWith('--resume='))?.slice('--resume='.length);
const sessionId = resumed ?? randomUUID();
const project = process.cwd().replace(/[^a-zA-Z0-9]/g, '-');
const folder = join(process.env.CLAUDE_CONFIG_DIR, 'projects', project);
const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const linesIn = (path) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

const found = () => {
  const main = join(folder, `${sessionId}.jsonl`);
  const side = join(folder, sessionId, 'subagents');
  const prompts = existsSync(main)
    ? linesIn(main).flatMap(({ type, message }) =>
        type === 'user' ? [message.content[0].text] : [],
      )
    : [];
  const agents = existsSync(side)
    ? readdirSync(side).filter((name) => name.endsWith('.jsonl'))
    : [];
  return { prompts, agents: agents.length };
};

const line = (type, message) => ({
  ...{ type, message, uuid: randomUUID(), sessionId, cwd: process.cwd() },
  timestamp: new Date().toISOString(),
});

const answer = ({ message }) => {
  const said = {
    id: `msg_${randomUUID()}`,
    role: 'assistant',
    model: 'claude-sonnet-4-5-20250929',
  };
  const content = [{ type: 'text', text: JSON.stringify(found()) }];
  const usage = { input_tokens: 1_000, output_tokens: 100 };
  const mirror = (filePath, entries) => tell({ type: 'transcript_mirror', filePath, entries });
  tell({ type: 'system', subtype: 'init', session_id: sessionId, uuid: randomUUID() });
  mirror(join(folder, `${sessionId}.jsonl`), [
    line('user', message),
    line('assistant', { ...said, content, usage }),
  ]);
  mirror(join(folder, sessionId, 'subagents', `agent-${randomUUID()}.jsonl`), [
    { ...line('user', message), isSidechain: true },
  ]);
  tell({
    ...{ type: 'result', subtype: 'success', is_error: false, result: content[0].text },
    ...{ session_id: sessionId, uuid: randomUUID(), num_turns: 1, usage },
  });
};

const lines = createInterface({ input: process.stdin });
lines.on('line', (text) => {
  const message = JSON.parse(text);
  const { type, request_id } = message;
  if (type === 'user') answer(message);
  if (type === 'control_request')
    tell({
      type: 'control_response',
      response: { subtype: 'success', request_id, response: { commands: [], models: [] } },
    });
});
lines.on('close', () => process.exit(0));
