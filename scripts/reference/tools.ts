/** The page of tools: what each takes, what becomes of its calls in a crash, and the numbers. */

import { z } from 'zod';
import { MAX_AT_ONCE } from '../../src/session/machine/open-calls.ts';
import type { OfferedTool } from '../../src/session/ports/tools.ts';
import { AGENT_TOOL } from '../../src/tools/agents/agents.ts';
import { FILE_TOOLS, WEB_TOOLS } from '../../src/tools/builtin/all.ts';
import { MAX_GLOB_FILES } from '../../src/tools/builtin/glob.ts';
import { DEFAULT_HEAD_LIMIT, MAX_GREP_TEXT } from '../../src/tools/builtin/grep.ts';
import { DEFAULT_LINES, MAX_LARGE_TEXT, MAX_TEXT } from '../../src/tools/builtin/read.ts';
import { MAX_PAGE_TEXT } from '../../src/tools/builtin/web-fetch.ts';
import { COMMAND_TOOLS } from '../../src/tools/commands/input.ts';
import {
  MAX_IMAGE_BYTES,
  MAX_IMAGE_SIDE,
  MAX_PDF_BYTES,
  MAX_PDF_PAGES,
} from '../../src/tools/files/media.ts';
import { MAX_CHANGED_BYTES } from '../../src/tools/files/new-content.ts';
import { MAX_PAGED_BYTES, MAX_PICKED_PAGES } from '../../src/tools/files/pdf-pages.ts';
import { FILE_TYPES } from '../../src/tools/search/file-types.ts';
import { MAX_SEARCHED_BYTES } from '../../src/tools/search/search-files.ts';
import { MAX_NAMES } from '../../src/tools/search/walk.ts';
import { MAX_LINE } from '../../src/tools/tool/outcome.ts';
import { CALL_LIMITS } from '../../src/tools/toolbox.ts';
import { fileTools, webTools } from '../../src/tools/tools-pool.ts';
import { TIMEOUT_MS } from '../../src/tools/tools-program.ts';
import { MAX_PAGE_BYTES } from '../../src/tools/web/fetch-page.ts';
import { count, seconds, size } from './limits.ts';
import { code, type Regions, table } from './markdown.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
}

const fieldsOf = ({ properties = {}, required = [] }: Schema): string =>
  Object.keys(properties)
    .map((name) => code(required.includes(name) ? name : `${name}?`))
    .join(', ');

type Row = Pick<OfferedTool, 'name' | 'inputSchema' | 'effect' | 'isAlone' | 'isHidden'>;

const agent: Row = { ...AGENT_TOOL, inputSchema: z.toJSONSchema(AGENT_TOOL.input) };

const ofPage = (page: string, tools: readonly Row[]) => tools.map((tool) => ({ tool, page }));

/** Those that have a page of their own lead there. */
const rows: readonly { readonly tool: Row; readonly page?: string }[] = [
  ...[...FILE_TOOLS, ...WEB_TOOLS].map(({ offered }) => ({ tool: offered })),
  ...ofPage('bash.md', COMMAND_TOOLS),
  ...ofPage('../guide/sub-agents.md', [agent]),
];

const tools = (): string =>
  table(
    ['tool', 'input', 'effect', 'beside other calls'],
    rows
      .filter(({ tool }) => tool.isHidden !== true)
      .map(({ tool, page }) => [
        page === undefined ? code(tool.name) : `[${code(tool.name)}](${page})`,
        fieldsOf(tool.inputSchema),
        code(tool.effect),
        tool.isAlone === true ? 'no' : 'yes',
      ]),
  );

const characters = (number: number): string => `${count(number)} characters`;

const limits = (): string =>
  table(
    ['limit', 'value'],
    [
      ['`Read`, lines of a call without `limit`', count(DEFAULT_LINES)],
      [
        '`Read`, a result',
        `${characters(MAX_TEXT)}; with \`allow_large\` ${count(MAX_LARGE_TEXT)}`,
      ],
      [
        '`Read`, an image',
        `${count(MAX_IMAGE_BYTES)} bytes, ${count(MAX_IMAGE_SIDE)} pixels on each side`,
      ],
      ['`Read`, a PDF', `${count(MAX_PDF_BYTES)} bytes, ${MAX_PDF_PAGES} pages`],
      [
        '`Read`, a PDF with `pages`',
        `${MAX_PAGED_BYTES / 2 ** 20} MiB, ${MAX_PICKED_PAGES} pages of it`,
      ],
      ['`Write` and `Edit`, a file', size(MAX_CHANGED_BYTES)],
      ['`Glob`, files of a result', count(MAX_GLOB_FILES)],
      ['`Grep`, lines or files without `head_limit`', count(DEFAULT_HEAD_LIMIT)],
      ['`Grep`, a result', characters(MAX_GREP_TEXT)],
      ['`Grep`, a file', size(MAX_SEARCHED_BYTES)],
      ['`Glob` and `Grep`, names that a call looks at', count(MAX_NAMES)],
      ['one line of a result', characters(MAX_LINE)],
      ['`WebFetch`, a page', size(MAX_PAGE_BYTES)],
      ['`WebFetch`, a result', characters(MAX_PAGE_TEXT)],
      ['time of a call', `${seconds(TIMEOUT_MS)}; \`WebFetch\` ${seconds(WEB.timeoutMs)}`],
      ['calls at work on files', `${fileTools.workers}, each on a thread of its own`],
      ['pages that are fetched at once', count(WEB.maxJobsPerThread)],
      ['calls that may wait for a thread', count(fileTools.maxWaiting)],
      [
        'calls that run at a time',
        `${count(MAX_AT_ONCE)} of one turn, ${count(CALL_LIMITS.perLine)} of one session, ${count(CALL_LIMITS.perTenant)} of one tenant, ${count(CALL_LIMITS.all)} in all`,
      ],
      ['calls that wait for their turn', count(CALL_LIMITS.waiting)],
    ],
  );

const WEB = webTools({ privateHosts: [] });

export const toolRegions = (): Regions => ({
  tools: tools(),
  limits: limits(),
  types: Object.keys(FILE_TYPES).map(code).join(', '),
});
