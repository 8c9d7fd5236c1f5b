/**
 * Each tool use with its own result. Claude gives every use an id of its own; other providers count
 * anew in each turn (`call_0`), or give two uses of one response the same id. The API takes an id once.
 *
 * 1. A result answers the use of its id before it. Uses of one response are answered in their order;
 *    a use of an earlier response that nothing answered was interrupted. Of more results than uses the
 *    last ones count.
 * 2. The first use keeps its id. A later one is called `<id>_2`, `<id>_3` …, and so is its result.
 */
import { toolId } from './api-blocks.ts';
import type { SeenLine } from './chain.ts';
import type { RawBlock } from './raw-line.ts';

/** Blocks by response. */
export type Responses = ReadonlyMap<string, readonly RawBlock[]>;

export interface PairedTools {
  /** With ids of which each is there once. */
  readonly responses: Responses;
  /** By the id that its use has there. Results without a use are left out. */
  readonly results: ReadonlyMap<string, RawBlock>;
}

/** @param responses the joined blocks of the assistant lines. */
export const pairTools = (seen: readonly SeenLine[], responses: Responses): PairedTools => {
  const names = new Names(idsIn(responses));
  const exchanges = new Map<string, Exchange>();
  const exchangeOf = (id: string): Exchange => {
    const known = exchanges.get(id) ?? new Exchange();
    exchanges.set(id, known);
    return known;
  };
  const renamed = new Map<string, readonly RawBlock[]>();
  for (const { kind, said, response } of seen) {
    if (kind === 'user')
      for (const block of said) {
        const id = block.type === 'tool_result' ? idOf(block.tool_use_id) : undefined;
        if (id !== undefined) exchangeOf(id).answer(block);
      }
    if (kind !== 'assistant' || said.length === 0 || renamed.has(response)) continue;
    const blocks = (responses.get(response) ?? []).map((block) => {
      const id = useId(block);
      if (id === undefined) return block;
      const name = names.next(id);
      exchangeOf(id).use({ name, response });
      return name === id ? block : { ...block, id: name };
    });
    renamed.set(response, blocks);
  }
  const results = [...exchanges.values()].flatMap((exchange) => exchange.pairs);
  return { responses: renamed, results: new Map(results) };
};

/** An empty id is one like the others: some gateways give no other. */
const idOf = (id: unknown): string | undefined => (typeof id === 'string' ? id : undefined);

const useId = (block: RawBlock): string | undefined =>
  block.type === 'tool_use' ? idOf(block.id) : undefined;

const idsIn = (responses: Responses): ReadonlySet<string> =>
  new Set([...responses.values()].flatMap((blocks) => blocks.flatMap((b) => useId(b) ?? [])));

const NAMELESS = 'tool_use';

/** Names for uses; an id that stands in the transcript is only given to its own first use. */
class Names {
  readonly #ids: ReadonlySet<string>;
  readonly #given = new Set<string>();
  /** The last number behind each spelling, so that a long run of one id costs the same for each use. */
  readonly #numbers = new Map<string, number>();

  constructor(ids: ReadonlySet<string>) {
    this.#ids = ids;
  }

  next(id: string): string {
    const spelled = toolId(id) ?? NAMELESS;
    let name = spelled;
    while (this.#given.has(name) || (name !== id && this.#ids.has(name))) {
      const number = (this.#numbers.get(spelled) ?? 1) + 1;
      this.#numbers.set(spelled, number);
      name = `${spelled}_${number}`;
    }
    this.#given.add(name);
    return name;
  }
}

interface Use {
  readonly name: string;
  readonly response: string;
}

/** The uses of one id and what answers them, in the order of the conversation. */
class Exchange {
  readonly #pairs: (readonly [name: string, result: RawBlock])[] = [];
  /** Those since the last response that was answered. */
  #uses: Use[] = [];
  #results: RawBlock[] = [];

  /** Results that came before belong to the uses before, where there are any. */
  use(use: Use): void {
    const last = this.#uses.at(-1);
    if (this.#results.length > 0 && last !== undefined && last.response !== use.response)
      this.#settle();
    this.#uses.push(use);
  }

  answer(result: RawBlock): void {
    this.#results.push(result);
  }

  /** At the end of the conversation. */
  get pairs(): readonly (readonly [name: string, result: RawBlock])[] {
    this.#settle();
    return this.#pairs;
  }

  #settle(): void {
    const uses = answerable(this.#uses, this.#results.length);
    const results = this.#results.slice(Math.max(0, this.#results.length - uses.length));
    for (const [at, { name }] of uses.entries()) {
      const result = results[at];
      if (result !== undefined) this.#pairs.push([name, result]);
    }
    this.#uses = [];
    this.#results = [];
  }
}

/** Where results are too few, those uses that came before the last response were interrupted. */
const answerable = (uses: readonly Use[], results: number): readonly Use[] => {
  const last = uses.findIndex(({ response }) => response === uses.at(-1)?.response);
  return uses.slice(Math.max(0, Math.min(last, uses.length - results)));
};
