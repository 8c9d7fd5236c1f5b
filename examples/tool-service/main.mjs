/**
 * Has a model call the tool of `service.mjs`.
 *
 *     GREENROOM_SERVICE_TOOLS=on npm start          # the daemon, in another terminal
 *     node examples/tool-service/service.mjs        # in a third; the daemon finds it within 30 s
 *     node examples/tool-service/main.mjs
 *
 * The prompt has stage directions for the rehearsal model; with a key ask "When is high water in Bergen?".
 */
import { connectClient } from 'greenroom';

const client = await connectClient({ servers: process.env.NATS_URL ?? 'nats://127.0.0.1:4222' });

const prompt = [
  '[[rehearse: tool=tide input={"place":"Bergen"}]]',
  '[[rehearse: tool=tide input={"place":"Rome"}]]',
  '[[rehearse: text="In Bergen at 14:05; of Rome I know nothing."]]',
].join(' ');
// What the session allows by a rule needs no asking; all else waits for a person.
const session = { tools: ['tide'], allowedTools: ['tide'] };

for await (const event of client.turn('harbour', { prompt, session })) {
  if (event.type === 'tool.started') console.log(event.name, JSON.stringify(event.input));
  if (event.type === 'message' && event.message.role === 'user')
    for (const { type, content } of event.message.content)
      if (type === 'tool_result') console.log('  ', JSON.stringify(content));
  if (event.type === 'turn.finished') console.log(event.text);
}
await client.close();
