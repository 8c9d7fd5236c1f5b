/**
 * A server over stdio that does what a test wants of it, and writes down what it was told. Its arguments: the file with
 * its tools, as JSON, and its ledger.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [toolsFile, ledger] = process.argv.slice(2);
const write = (line) => appendFileSync(ledger, `${line}\n`);
const send = (message) =>
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const text = (said) => ({ content: [{ type: 'text', text: said }] });

let progressToken;
let asking;

const said = JSON.parse(readFileSync(toolsFile, 'utf8'));
write(`started ${process.pid}`);
if (said === 'crash') {
  process.stderr.write(`cannot begin with ${process.env.SECRET}\n`);
  process.exit(3);
}

const sleeper = (program, ...args) =>
  spawn(program, [...args, 'sh', '-c', `echo $$ sleeper >> ${ledger}; exec sleep 1000`], {
    stdio: 'ignore',
    detached: true,
  });

const call = ({ id, params }) => {
  const { name, arguments: input = {}, _meta } = params;
  const result = (answer) => send({ id, result: answer });
  switch (name) {
    case 'say':
      return result(input.result ?? text(input.text ?? ''));
    case 'environment':
      return result(text(JSON.stringify(process.env)));
    case 'hang':
      write(`hangs ${id}`);
      progressToken = _meta.progressToken;
      return undefined;
    case 'nudge':
      send({ method: 'notifications/progress', params: { progressToken, progress: 1 } });
      return result(text('nudged'));
    case 'crash':
      process.exit(1);
      break;
    case 'ask':
      asking = { id, asked: `ask-${id}` };
      return send({
        id: asking.asked,
        method: 'elicitation/create',
        params: {
          message: input.message ?? 'Which branch?',
          requestedSchema: {
            type: 'object',
            properties: { branch: { type: 'string' } },
            required: ['branch'],
          },
        },
      });
    case 'big':
      return result(text('x'.repeat(input.length)));
    case 'noise':
      process.stdout.write('this is no message\n\n{"jsonrpc":"2.0","id":"x"}\n');
      return result(text('after the noise'));
    case 'children':
      sleeper('env');
      sleeper('setsid');
      return result(text('begun'));
    case 'relist':
      result(text('told'));
      return send({ method: 'notifications/tools/list_changed' });
    default:
      return send({ id, error: { code: -32602, message: `no tool ${name}` } });
  }
  return undefined;
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line);
  const { id, method, params } = message;
  if (method === undefined) {
    write(`answer ${JSON.stringify(message)}`);
    if (id === asking?.asked)
      send({ id: asking.id, result: text(JSON.stringify(message.result ?? message.error)) });
    return undefined;
  }
  if (id === undefined) return write(`${method} ${params?.requestId ?? ''}`.trim());
  switch (method) {
    case 'initialize':
      return send({
        id,
        result: {
          protocolVersion: params.protocolVersion,
          capabilities: { tools: { listChanged: true } },
          serverInfo: { name: 'test', version: '1' },
          instructions: 'Do as I say.',
        },
      });
    case 'tools/list':
      return send({ id, result: { tools: JSON.parse(readFileSync(toolsFile, 'utf8')) } });
    case 'tools/call':
      return call(message);
    default:
      return send({ id, error: { code: -32601, message: `no method ${method}` } });
  }
});
