/**
 * An answer as the API streams it, put together. Pure.
 *
 * 1. Everything but blocks and their text may be missing: `message_start`, `index`, usage, `message_delta`.
 * 2. Blocks without text are left out: the API refuses them in the next request.
 */
import { addUsage, countedUsage, emptyUsage, type Usage } from '../model/usage.ts';
import { costOfParts } from '../pricing/price.ts';

type Fields = Readonly<Record<string, unknown>>;
type Block = Record<string, unknown>;

/** What stands for an answer that has no block. */
const NOTHING = '...';

export interface AnswerCost {
  readonly usage: Usage;
  /** In nano-dollars; null: the price is not known. */
  readonly costNanoUsd: number | null;
}

export class StreamedAnswer {
  readonly #blocks: Block[] = [];
  readonly #byIndex = new Map<unknown, Block>();
  readonly #inputs = new Map<Block, string>();
  #model: string;
  #usage: Record<string, unknown> | undefined;
  #isBegun = false;
  #isOver = false;

  /** @param model what was asked; the answer may name another one. */
  constructor(model: string) {
    this.#model = model;
  }

  /** `message_stop` has come. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** It began as the API's answers do, and has no end. */
  get isBroken(): boolean {
    return this.#isBegun && !this.#isOver;
  }

  see(event: unknown): void {
    const { type, index, content_block, delta, message, usage } = fieldsOf(event);
    switch (type) {
      case 'message_start':
        return this.#begin(fieldsOf(message));
      case 'content_block_start':
        return this.#open(fieldsOf(content_block), index);
      case 'content_block_delta':
        return this.#grow(this.#byIndex.get(index) ?? this.#blocks.at(-1), fieldsOf(delta));
      case 'message_delta':
        return this.#count(usage);
      case 'message_stop':
        this.#isOver = true;
    }
  }

  /** The blocks, also of one text alone. */
  get content(): string | Fields[] {
    const said = this.#blocks.filter(({ type, text }) => type !== 'text' || text !== '');
    return said.length === 0 ? NOTHING : said.map((block) => this.#whole(block));
  }

  /** undefined: the stream told no usage. */
  cost(atMs: number): AnswerCost | undefined {
    if (this.#usage === undefined) return undefined;
    const parts = countedUsage(this.#usage, this.#model);
    return {
      usage: parts.reduce((sum, { usage }) => addUsage(sum, usage), emptyUsage),
      costNanoUsd: costOfParts(parts, atMs),
    };
  }

  #begin({ model, usage }: Fields): void {
    this.#isBegun = true;
    if (typeof model === 'string') this.#model = model;
    this.#count(usage);
  }

  #open(content: Fields, index: unknown): void {
    const block: Block = { ...content };
    if (block['type'] === 'text') block['text'] = textOf(block['text']);
    this.#blocks.push(block);
    if (index !== undefined) this.#byIndex.set(index, block);
  }

  #grow(block: Block | undefined, delta: Fields): void {
    if (block === undefined) return;
    switch (delta['type']) {
      case 'text_delta':
        return add(block, 'text', delta['text']);
      case 'thinking_delta':
        return add(block, 'thinking', delta['thinking']);
      case 'signature_delta':
        return add(block, 'signature', delta['signature']);
      case 'input_json_delta':
        this.#inputs.set(block, (this.#inputs.get(block) ?? '') + textOf(delta['partial_json']));
        return;
      case 'citations_delta':
        block['citations'] = [...listOf(block['citations']), delta['citation']];
    }
  }

  /** Later numbers win, field by field. */
  #count(usage: unknown): void {
    if (typeof usage !== 'object' || usage === null) return;
    const told = Object.entries(usage).filter(([, value]) => value !== null);
    this.#usage = { ...this.#usage, ...Object.fromEntries(told) };
  }

  #whole(block: Block): Fields {
    const input = this.#inputs.get(block);
    return input === undefined || input === '' ? block : { ...block, input: parsed(input) };
  }
}

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

const add = (block: Block, field: string, more: unknown): void => {
  block[field] = textOf(block[field]) + textOf(more);
};

/** An input that the limit of tokens has cut off is no JSON. */
const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
};
