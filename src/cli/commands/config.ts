/** `greenroom config`: what is in force and where each value comes from, secrets hidden. */
import { type ConfigLine, describeConfig } from '../../config/config.ts';
import { act, type Registration } from '../invocation.ts';
import { type Column, table } from '../table.ts';

export const registerConfig = (registration: Registration): void => {
  registration.program
    .command('config')
    .description('settings in force, and where each comes from')
    .action(
      act(registration, async (run) => {
        const loaded = run.config();
        const lines = describeConfig(loaded);
        run.out.many(lines, () => table(COLUMNS, lines.map(row), run.out.width));
        for (const name of loaded.unknown) run.out.note(`${name} means nothing here: misspelt?`);
      }),
    );
};

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
  env: (name) => `environment: ${name}`,
  dotenv: (name) => `.env: ${name}`,
  file: (name) => name,
  default: (name) => `default: ${name}`,
};
