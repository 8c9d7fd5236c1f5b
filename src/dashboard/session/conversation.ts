/**
 * What a session says while one looks: what is stored, by `seq`, and what its running turn says meanwhile. It owns what was
 * read; entries far from view are dropped, and read again.
 */
import { signal } from '@preact/signals';
import { askSession, Problem } from '../ground/ask.ts';
import { follow } from '../ground/follow.ts';
import type { EntryView, SessionView, TurnView, WireEvent } from '../ground/replies.ts';

/** Entries of one part; parts are read and dropped whole. */
export const PART = 50;
/** When what failed is asked again, in milliseconds. */
const AGAIN_MS = 2_000;

/** The daemon is away, or a part of it is restarting. */
const mayPass = (error: unknown): boolean =>
  error instanceof Problem && (error.status === 0 || error.status >= 500);

/** A block of the answer that is being given. */
export interface LiveBlock {
  readonly kind: 'text' | 'thinking' | 'input';
  readonly text: string;
}

/** A tool that runs. */
export interface LiveTool {
  readonly toolUseId: string;
  readonly name: string;
  readonly sinceMs: number;
}

export interface Live {
  readonly turnId: string;
  readonly blocks: readonly LiveBlock[];
  readonly tools: readonly LiveTool[];
  /** What it is at, besides. */
  readonly note: string | undefined;
}

export class Conversation {
  readonly sessionId: string;
  readonly session = signal<SessionView | undefined>(undefined);
  readonly turns = signal<readonly TurnView[]>([]);
  readonly live = signal<Live | undefined>(undefined);
  readonly isLive = signal(false);
  readonly problem = signal<unknown>(undefined);
  /** Parts that are here, by their number from 0. */
  readonly parts = signal<ReadonlyMap<number, readonly EntryView[]>>(new Map());
  readonly #reading = new Set<number>();
  #stop: (() => void) | undefined;
  #isClosed = false;
  #refresh: ReturnType<typeof setTimeout> | undefined;

  constructor(sessionId: string) {
    this.sessionId = sessionId;
    void this.#begin();
  }

  /** First what is stored, then what is said behind it. */
  async #begin(): Promise<void> {
    await this.refresh();
    if (this.#isClosed || this.session.value === undefined) return;
    this.#stop = follow(this.sessionId, () => this.session.value?.seq ?? 0, {
      event: (event) => this.#heard(event),
      reset: () => this.#again(),
      live: (isLive) => {
        this.isLive.value = isLive;
        if (isLive) this.refreshSoon(); // it may have been away
      },
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#stop?.();
    clearTimeout(this.#refresh);
  }

  /** Reads what is small and may have changed. */
  async refresh(): Promise<void> {
    try {
      const [{ session }, { turns }] = await Promise.all([
        askSession(this.sessionId, 'get', {}),
        askSession(this.sessionId, 'turns', { limit: 100 }),
      ]);
      const before = this.session.value?.seq ?? 0;
      this.session.value = session;
      this.turns.value = turns;
      this.problem.value = undefined;
      if (session.seq !== before) this.#readAgainFrom(Math.min(before, session.seq));
    } catch (error) {
      this.problem.value = error;
      if (mayPass(error)) this.#later(() => this.refresh());
    }
  }

  /** While the daemon is away nothing comes that would ask again. */
  #later(work: () => Promise<void>): void {
    setTimeout(() => {
      if (!this.#isClosed) void work();
    }, AGAIN_MS);
  }

  /** Soon, and once for many reasons. */
  refreshSoon(): void {
    clearTimeout(this.#refresh);
    this.#refresh = setTimeout(() => void this.refresh(), 150);
  }

  async want(part: number): Promise<void> {
    if (this.parts.value.has(part) || this.#reading.has(part)) return;
    await this.#read(part);
  }

  /** It is far from view. */
  drop(part: number): void {
    if (!this.parts.value.has(part)) return;
    const parts = new Map(this.parts.value);
    parts.delete(part);
    this.parts.value = parts;
  }

  async #read(part: number): Promise<void> {
    this.#reading.add(part);
    try {
      const from = part * PART + 1;
      const entries: EntryView[] = [];
      for (let next: number | undefined = from; next !== undefined && next < from + PART; ) {
        const limit: number = from + PART - next;
        const page: { entries: readonly EntryView[]; nextFrom?: number } = await askSession(
          this.sessionId,
          'messages',
          { from: next, limit, includePartial: true },
        );
        entries.push(...page.entries);
        next = page.nextFrom;
      }
      this.parts.value = new Map(this.parts.value).set(part, entries);
    } catch (error) {
      this.problem.value = error;
      if (mayPass(error)) this.#later(() => this.#read(part));
    } finally {
      this.#reading.delete(part);
    }
  }

  #readAgainFrom(seq: number): void {
    const first = Math.max(0, Math.floor(seq / PART));
    for (const part of this.parts.value.keys()) if (part >= first) void this.#read(part);
  }

  #again(): void {
    this.live.value = undefined;
    for (const part of this.parts.value.keys()) void this.#read(part);
    this.refreshSoon();
  }

  #heard(event: WireEvent): void {
    const live = this.live.value ?? {
      turnId: event.turnId,
      blocks: [],
      tools: [],
      note: undefined,
    };
    const { blocks, tools } = live;
    const show = (changed: Partial<Live>) => {
      this.live.value = { ...live, turnId: event.turnId, ...changed };
    };
    switch (event.type) {
      case 'turn.started':
        show({ blocks: [], note: undefined });
        return this.refreshSoon();
      case 'delta':
        return show({ blocks: withDelta(blocks, event), note: undefined });
      case 'message':
        show({ blocks: [] });
        return this.refreshSoon();
      case 'tool.started': {
        const { toolUseId, name } = event;
        return show({ tools: [...tools, { toolUseId, name, sinceMs: Date.now() }] });
      }
      case 'tool.finished':
      case 'tool.refused':
        return show({ tools: tools.filter(({ toolUseId }) => toolUseId !== event.toolUseId) });
      case 'retry':
        return show({ blocks: [], note: `asked again: ${event.error.message}` });
      case 'compacting':
        return show({ note: 'older messages are being summed up' });
      case 'turn.finished':
        this.live.value = undefined;
        return this.refreshSoon();
      default:
        return this.refreshSoon();
    }
  }
}

const withDelta = (
  blocks: readonly LiveBlock[],
  { block, text, thinking, inputJson }: Extract<WireEvent, { type: 'delta' }>,
): readonly LiveBlock[] => {
  const kind = text !== undefined ? 'text' : thinking !== undefined ? 'thinking' : 'input';
  const more = text ?? thinking ?? inputJson ?? '';
  const next = [...blocks];
  while (next.length < block) next.push({ kind: 'text', text: '' });
  const before = next[block];
  next[block] = { kind, text: (before?.kind === kind ? before.text : '') + more };
  return next;
};
