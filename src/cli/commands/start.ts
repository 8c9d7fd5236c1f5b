/** `greenroom start`: the daemon in the foreground. */
import { secretsOf } from '../../config/secrets.ts';
import { createLog } from '../../platform/log.ts';
import { act, type Registration } from '../invocation.ts';
import { startFailure } from '../start-failure.ts';

interface Options {
  readonly port?: string;
  readonly httpPort?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly workers?: string;
}

export const registerStart = (registration: Registration): void => {
  registration.program
    .command('start')
    .description('run the daemon in the foreground until it is stopped')
    .option('--port <n>', 'port of the own broker; 0 = any free one')
    .option('--http-port <n>', 'port of the REST interface; 0 = any free one')
    .option('--provider <name>', 'who answers model calls: anthropic or rehearsal')
    .option('--model <name>', 'model of new sessions')
    .option('--workers <n>', 'executor threads')
    .action(
      act<[], Options>(registration, async (run, _, { port, ...flags }) => {
        const { httpPort, provider, model, workers } = flags;
        const loaded = run.config({ natsPort: port, httpPort, provider, model, workers });
        const { config } = loaded;
        const log = createLog({ level: config.logLevel, secrets: secretsOf(config) });
        for (const name of loaded.unknown)
          log.warn({ variable: name }, 'unknown variable: misspelt?');
        // The daemon's own codes go out as they are: supervisors tell a full disk from a crash by them.
        const exitCode = await run.shell.runDaemon(config, log).catch((error: unknown) => {
          throw startFailure(error);
        });
        run.finish(exitCode);
      }),
    );
};
