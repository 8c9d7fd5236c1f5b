/**
 * The official SDK on Greenroom's store: Claude Code does the work, and its transcripts are durable, searchable and priced.
 *
 *     npm install @anthropic-ai/claude-agent-sdk
 *     ANTHROPIC_API_KEY=… node examples/official-sdk/main.mjs
 *
 * `CLAUDE_CODE` names another executable than the SDK's own. A program that needs no Claude Code at all changes its import:
 * docs/guide/official-sdk.md.
 */
import {
  getSessionMessages,
  listSessions,
  query,
  tagSession,
} from '@anthropic-ai/claude-agent-sdk';
import { startGreenroom } from 'greenroom';
import { agentSdkSessionStore } from 'greenroom/agent-sdk';

const greenroom = await startGreenroom({ dataDir: './data' });
const sessionStore = agentSdkSessionStore(greenroom);
const cwd = process.cwd();
const pathToClaudeCodeExecutable = process.env.CLAUDE_CODE;

let sessionId;
const options = {
  cwd,
  sessionStore,
  ...(pathToClaudeCodeExecutable && { pathToClaudeCodeExecutable }),
};
for await (const message of query({ prompt: 'Fix the login', options })) {
  console.log('message:', message.type);
  sessionId = message.session_id ?? sessionId;
}

// The SDK's own functions work on it,
const where = { dir: cwd, sessionStore };
await tagSession(sessionId, 'login', where);
console.log(
  'sessions:',
  (await listSessions(where)).map(({ summary, tag }) => `${summary} [${tag}]`),
);
console.log('messages:', (await getSessionMessages(sessionId, where)).length);

// and so does all of Greenroom.
const { sessions } = await greenroom.sessions.search({ tags: ['login'] });
for (const { title, messageCount } of sessions) console.log('found:', title, messageCount);
await greenroom.stop();
