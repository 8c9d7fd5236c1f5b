/** `greenroom doctor`: what is fine, what is not, what to do about it. */
import { secretsOf } from '../../config/secrets.ts';
import { secretsIn } from '../../platform/address.ts';
import { redactor } from '../../platform/redact.ts';
import type { Check } from '../doctor/check.ts';
import { checkDaemon } from '../doctor/daemon.ts';
import { checkDerived } from '../doctor/derived.ts';
import {
  checkBroker,
  checkDataDir,
  checkFreeSpace,
  checkNode,
  checkPrices,
  checkSettings,
} from '../doctor/machine.ts';
import { checkProvider } from '../doctor/model-api.ts';
import { checkPorts } from '../doctor/port.ts';
import { checkRecords } from '../doctor/records.ts';
import { checkStoreServer } from '../doctor/store-server.ts';
import { asTyped } from '../failure.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import type { Output } from '../output.ts';

interface Options {
  readonly verify?: boolean;
  readonly store?: string;
}

export const registerDoctor = (registration: Registration): void => {
  registration.program
    .command('doctor')
    .description('checks everything that Greenroom needs')
    .option(
      '--verify',
      'also read every record of the store, and see that they, the catalog and the text index fit together',
    )
    .option('--store <url>', 'also look at the server of a store: redis://… or postgres://…')
    .action(
      act<[], Options>(registration, async (run, _, { verify = false, store }) => {
        const redact = redactor([...secretsOf(run.config().config), ...secretsIn(store ?? '')]);
        const found = [
          ...(await examine(run)),
          ...(store === undefined ? [] : [await checkStoreServer(run, store)]),
          ...(verify ? [...(await checkRecords(run)), ...(await checkDerived(run))] : []),
        ];
        const checks = found.map((check) => ({ ...check, finding: redact(check.finding) }));
        const { program } = run;
        run.out.many(checks, () =>
          checks.map((check) => asTyped(line(check, run.out), program)).join(''),
        );
        if (checks.some((check) => check.status === 'fail')) run.finish(1);
      }),
    );
};

const examine = async (run: Invocation): Promise<readonly Check[]> => {
  const loaded = run.config();
  const { config } = loaded;
  const daemon = await checkDaemon(run);
  const isRunning = daemon[0]?.status === 'ok';
  return [
    checkNode(process.versions.node),
    ...checkSettings(loaded),
    checkDataDir(config),
    checkFreeSpace(config),
    await checkBroker(config, run.shell),
    ...(isRunning ? [] : await checkPorts(config)),
    ...(await checkProvider(config, run.shell.nowMs())),
    checkPrices(run.shell.nowMs()),
    ...daemon,
  ];
};

const MARKS = { ok: ['green', 'ok  '], warn: ['yellow', 'warn'], fail: ['red', 'fail'] } as const;
const NAME_WIDTH = 16;

const line = ({ name, status, finding, nextStep }: Check, out: Output): string => {
  const [colour, mark] = MARKS[status];
  const rest = nextStep === undefined ? '' : `\n${' '.repeat(6 + NAME_WIDTH)}next: ${nextStep}`;
  return `${out.paint(colour, mark)}  ${name.padEnd(NAME_WIDTH)}${finding}${rest}\n`;
};
