/** Pages with regions that are written by a program: the text around them is a person's. */

/** By the name in their markers. */
export type Regions = Readonly<Record<string, string>>;

const REGION = /(<!-- generated: ([\w-]+) -->\n)[\s\S]*?(\n<!-- end -->)/g;

/** The page with its regions as given. Throws for a region that only one of the two knows. */
export const filled = (page: string, regions: Regions): string => {
  const named = [...page.matchAll(REGION)].map(([, , name]) => name);
  const missing = Object.keys(regions).filter((name) => !named.includes(name));
  if (missing.length > 0) throw new Error(`the page has no region ${missing.join(', ')}`);
  return page.replaceAll(REGION, (_, begin: string, name: string, end: string) => {
    const text = regions[name];
    if (text === undefined) throw new Error(`nothing is known of the region ${name}`);
    return `${begin}\n${text}\n${end}`;
  });
};

/** A bar would end the cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|');

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows]
    .map((cells) =>
      `| ${cells.map(cell).join(' | ')} |`.replaceAll('|  |', '| |').replaceAll('|  |', '| |'),
    )
    .join('\n');

export const code = (text: string): string => `\`${text}\``;
