/** `greenroom config`: what is in force and where each value comes from, secrets hidden; `check`: and whether it can be used. */
import { CONFIG_NAMES, type ConfigLine, describeConfig, VARIABLES } from '../../config/config.ts';
import { secretsOf } from '../../config/secrets.ts';
import { guess } from '../../platform/guess.ts';
import { redactor } from '../../platform/redact.ts';
import { several } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { type Column, table } from '../table.ts';

export const registerConfig = (registration: Registration): void => {
  const config = registration.program
    .command('config')
    .description('settings in force, and where each comes from')
    .action(
      act(registration, async (run) => {
        const loaded = run.config();
        const lines = describeConfig(loaded);
        run.out.many(lines, () => linesText(run, lines));
        for (const name of loaded.unknown) run.out.note(misspelt(name));
      }),
    );
  config
    .command('check')
    .description('whether a start with these settings would be refused: all faults at once')
    .action(act(registration, check));
};

const check = async (run: Invocation): Promise<void> => {
  const examined = run.examineConfig();
  const redact = redactor(secretsOf(examined.config));
  const faults = [...examined.faults, ...(await run.shell.examineFiles(examined.config))].map(
    redact,
  );
  const warnings = examined.unknown.map(misspelt);
  const settings = describeConfig(examined);
  const isUsable = faults.length === 0;
  run.out.one({ isUsable, faults, warnings, settings }, () =>
    [
      // A hundred settings that are right would hide the one that is wrong.
      isUsable ? linesText(run, settings) : '',
      ...warnings.map((warning) => `${run.out.paint('yellow', 'warning')}: ${warning}\n`),
      ...faults.map((fault) => `${run.out.paint('red', 'error')}: ${fault}\n`),
      isUsable ? 'a daemon can start with this\n' : `${several(faults.length, 'error')}\n`,
    ].join(''),
  );
  if (!isUsable) run.finish(1);
};

const misspelt = (variable: string): string => {
  const ours = CONFIG_NAMES.map((name) => VARIABLES[name].env);
  return `${variable} means nothing here${guess(variable, ours) || ': misspelt?'}`;
};

const linesText = (run: Invocation, lines: readonly ConfigLine[]): string =>
  table(COLUMNS, lines.map(row), run.out.width);

const COLUMNS: readonly Column[] = [
  { head: 'variable', least: 20 },
  { head: 'value', least: 16 },
  { head: 'from', least: 16 },
];

const row = ({ variable, value, source }: ConfigLine): readonly string[] => [
  variable,
  value === null ? '-' : String(value),
  PLACES[source.kind](source.name),
];

const PLACES: Readonly<Record<ConfigLine['source']['kind'], (name: string) => string>> = {
  flag: () => 'command line',
  option: (name) => `option: ${name}`,
  env: (name) => `environment: ${name}`,
  dotenv: (name) => `.env: ${name}`,
  file: (name) => name,
  default: (name) => `default: ${name}`,
};
