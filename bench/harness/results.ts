/** Keeps `bench/RESULTS.md`: one section per bench, replaced when that bench has run. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('../../../bench/RESULTS.md', import.meta.url));
const OPENING = `# Results

Written by \`npm run bench\`; what is edited here is lost. [README.md](README.md) says how to read it.
`;

/** Sections in the order of `names`; those of other names are dropped. */
export const keepResult = (names: readonly string[], name: string, section: string): void => {
  const sections = existsSync(FILE) ? sectionsOf(readFileSync(FILE, 'utf8')) : new Map();
  sections.set(name, section);
  const kept = names.flatMap((each) => sections.get(each) ?? []);
  writeFileSync(FILE, `${[OPENING.trim(), ...kept].join('\n\n')}\n`);
};

/** By the first word of their headings. */
const sectionsOf = (text: string): Map<string, string> =>
  new Map(
    text
      .split(/^(?=## )/m)
      .slice(1)
      .map((section) => [/^## ([\w-]+)/.exec(section)?.[1] ?? '', section.trim()]),
  );
