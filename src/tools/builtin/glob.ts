/** `Glob`: files by the pattern of their paths, those that were changed last first. */
import { statSync } from 'node:fs';
import { z } from 'zod';
import { baseOf, pathOf, shownPath } from '../files/place.ts';
import { globPlace } from '../search/glob-root.ts';
import { LeftOut } from '../search/left-out.ts';
import {
  isMatch,
  leadsOn,
  type Positions,
  pathPattern,
  startOf,
  stepInto,
  withoutBraces,
} from '../search/path-pattern.ts';
import { newestFirst, rootOf } from '../search/search-files.ts';
import { MAX_NAMES, VERSION_CONTROL, type Walked, walk } from '../search/walk.ts';
import { said } from '../tool/outcome.ts';
import { Pauses } from '../tool/pauses.ts';
import { builtinTool, type ToolJob } from '../tool/tool.ts';

/** Files of one result. */
export const MAX_GLOB_FILES = 100;

const Input = z.strictObject({
  pattern: z.string().min(1).describe('As **/*.ts, src/*.{js,jsx} or test/?[a-c]*.py'),
  path: z.string().min(1).optional().describe('The folder to begin in; default the working folder'),
});

export const Glob = builtinTool({
  name: 'Glob',
  description: `Finds files by the pattern of their paths, newest first, at most ${MAX_GLOB_FILES}. * and ? stand for characters of one name, ** for any folders, {a,b} for either, [a-c] for one of these. Hidden and ignored files are found too; folders of version control only where the pattern names them. Links are not followed.`,
  effect: 'pure',
  input: Input,
  work: async ({ pattern, path = '.' }, job, signal) => {
    const place = globPlace(pattern);
    const pauses = new Pauses(signal);
    const start = startPath(place.lead, path, job);
    const root = rootOf(start, job.realPath);
    const leftOut = new LeftOut(job, root, start);
    const positions = startOf(withoutBraces(place.pattern).map(pathPattern));
    const { files, isCut, unreadable } = await found(root, positions, pauses, leftOut);
    const sorted = await newestFirst(files, pauses);
    const shown = sorted.slice(0, MAX_GLOB_FILES).map((file) => shownPath(file, baseOf(job)));
    const notes = [
      ...(sorted.length > MAX_GLOB_FILES
        ? [
            `PARTIAL view: the newest ${MAX_GLOB_FILES} of ${sorted.length}. Use a narrower pattern.`,
          ]
        : []),
      ...(isCut
        ? [`Only the first ${MAX_NAMES} names were looked at: begin in a smaller folder.`]
        : []),
      ...leftOut.notes,
      ...(unreadable > 0 ? [`${unreadable} folders could not be read.`] : []),
    ];
    const lines = shown.length === 0 ? ['No files found'] : shown;
    return said([...lines, ...notes.map((note) => `[${note}]`)].join('\n'));
  },
});

const startPath = (lead: string, path: string, job: ToolJob): string => {
  if (lead.startsWith('/')) return lead;
  const folder = pathOf(path, job);
  return lead === '' ? folder : `${folder}/${lead}`;
};

const found = async (
  root: string,
  positions: Positions,
  pauses: Pauses,
  leftOut: LeftOut,
): Promise<Walked> => {
  if (!statSync(root).isDirectory())
    return { files: isMatch(positions) ? [root] : [], isCut: false, unreadable: 0 };
  return walk<Positions>(
    root,
    positions,
    {
      passesOver: (path) => leftOut.has(path),
      enter: (name, above) => {
        const inside = stepInto(VERSION_CONTROL.has(name) ? named(above) : above, name);
        return leadsOn(inside) ? inside : undefined;
      },
      wants: ({ name }, state) => isMatch(stepInto(state, name)),
    },
    pauses,
  );
};

/** Without those that a wildcard would match. */
const named = (positions: Positions): Positions =>
  positions.filter(([pattern, at]) => {
    const part = pattern[at];
    return part !== undefined && part !== 'any-depth' && part.every(({ kind }) => kind === 'char');
  });
