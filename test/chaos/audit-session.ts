/** One session compared with the ledger and with itself: entries, ledger records, head and search row. */
import type {
  EntryView,
  SessionSummary,
  SessionsFacade,
  SessionView,
  TurnView,
  Usage,
} from '../../src/index.ts';
import type { Ledger, TurnNote } from './ledger.ts';

type Message = Extract<EntryView, { type: 'message' }>;

const NANO = 1e9;
const PAGE = 100;
/** What a search row and its head both show. */
const SHARED = [
  ...['version', 'title', 'createdAt', 'updatedAt', 'messageCount', 'numTurns'],
  ...['totalCostUsd', 'knownCostUsd', 'model', 'status', 'workingDirectory', 'tags'],
] as const;

export class SessionAudit {
  readonly #sessions: SessionsFacade;
  readonly #row: SessionSummary;
  readonly #ledger: Ledger;
  readonly #broken: string[] = [];

  constructor(sessions: SessionsFacade, row: SessionSummary, ledger: Ledger) {
    this.#sessions = sessions;
    this.#row = row;
    this.#ledger = ledger;
  }

  async run(): Promise<readonly string[]> {
    const { sessionId } = this.#row;
    const head = await this.#sessions.get(sessionId);
    const entries = await this.#messages();
    const records = await this.#records();
    this.#auditEntries(entries, records);
    const notes = [...this.#ledger.turns.values()].filter((note) => note.sessionId === sessionId);
    for (const note of notes) this.#auditTurn(note, entries, records);
    if (records.length !== notes.length)
      this.#say(`the ledger has ${records.length} turns, ${notes.length} were sent`);
    this.#auditCounters(head, entries, records);
    this.#auditChanges(head, entries);
    this.#auditSeen(head, entries);
    this.#auditRow(head);
    return this.#broken;
  }

  #say(what: string): void {
    this.#broken.push(`${this.#row.sessionId}: ${what}`);
  }

  /** Numbered without gaps, and each belongs to a turn that the ledger knows, or was appended. */
  #auditEntries(entries: readonly Message[], records: readonly TurnView[]): void {
    entries.forEach(({ seq }, at) => {
      if (seq !== at + 1) this.#say(`entry ${at + 1} has seq ${seq}`);
    });
    const known = new Set(records.map(({ turnId }) => turnId));
    if (known.size !== records.length) this.#say('a turn has two ledger records');
    for (const { seq, turnId } of entries)
      if (turnId !== undefined && !known.has(turnId))
        this.#say(`entry ${seq} is of turn ${turnId}, which the ledger does not know`);
  }

  #auditTurn(note: TurnNote, all: readonly Message[], records: readonly TurnView[]): void {
    const { turnId, prompt, messages, finished, seq } = note;
    const record = records.find((each) => each.turnId === turnId);
    if (record === undefined) return this.#say(`acknowledged turn ${turnId} is lost`);
    const entries = all.filter((entry) => entry.turnId === turnId && entry.isPartial !== true);
    if (record.status !== 'completed')
      this.#say(`turn ${turnId} is ${record.status} ${JSON.stringify(record.error)}`);
    if (entries.length !== messages)
      this.#say(`turn ${turnId} has ${entries.length} messages, not ${messages}`);
    if (entries[0]?.message.content !== prompt) this.#say(`turn ${turnId} has another prompt`);
    if (entries[0]?.seq !== record.seq || entries.at(-1)?.seq !== record.lastSeq)
      this.#say(`turn ${turnId} is not where its record says`);
    if (seq !== undefined && seq !== record.seq)
      this.#say(`turn ${turnId} was accepted as entry ${seq} and is ${record.seq}`);
    if (finished !== undefined && finished.costUsd !== record.costUsd)
      this.#say(`turn ${turnId} was told as $${finished.costUsd} and is $${record.costUsd}`);
    if (nano(record.costUsd) !== sum(entries, ({ costUsd }) => nano(costUsd)))
      this.#say(`turn ${turnId} does not cost what its answers cost`);
  }

  #auditCounters(
    head: SessionView,
    entries: readonly Message[],
    records: readonly TurnView[],
  ): void {
    const isAnswer = ({ message }: Message) => message.role === 'assistant';
    this.#agree('turns', head.numTurns, records.length);
    const counted = entries.filter(({ isPartial }) => isPartial !== true);
    this.#agree('messages', head.messageCount, counted.length);
    this.#agree('entries', head.seq, entries.length);
    this.#agree('errors', head.errorCount, 0);
    this.#agree(
      'retries',
      head.retryCount,
      sum(records, ({ retries }) => retries),
    );
    this.#agree(
      'steps',
      sum(records, ({ steps }) => steps),
      sum(entries, (entry) => Number(isAnswer(entry))),
    );
    this.#agree('tool calls', head.toolCallCount, sum(entries, toolUses));
    this.#agree(
      'nano-dollars',
      nano(head.totalCostUsd),
      sum(entries, ({ costUsd }) => nano(costUsd)),
    );
    for (const field of Object.keys(head.usage) as (keyof Usage)[]) {
      const used = sum(entries, ({ usage }) => usage?.[field] ?? 0);
      this.#agree(field, head.usage[field] ?? 0, used);
      const told = sum(records, ({ usage }) => usage[field] ?? 0);
      this.#agree(`${field} of all turns`, told, used);
    }
  }

  #agree(what: string, counted: number, found: number): void {
    if (counted !== found) this.#say(`${counted} ${what} are counted, there are ${found}`);
  }

  /** What was shown of it is still so. */
  #auditSeen({ version }: SessionView, entries: readonly Message[]): void {
    const told = this.#ledger.versions.get(this.#row.sessionId) ?? 0;
    if (version < told) this.#say(`version ${told} was told, it is at ${version}`);
    for (const [seq, text] of this.#ledger.seen.get(this.#row.sessionId) ?? [])
      if (JSON.stringify(entries[seq - 1]?.message) !== text)
        this.#say(`entry ${seq} was shown and is another or gone`);
  }

  /** What was acknowledged is there once; what was not, at most once. */
  #auditChanges(head: SessionView, entries: readonly Message[]): void {
    const { sessionId } = this.#row;
    for (const note of this.#ledger.tags.filter((each) => each.sessionId === sessionId))
      if (note.isAcknowledged && !head.tags.includes(note.text))
        this.#say(`acknowledged tag ${note.text} is lost`);
    for (const note of this.#ledger.appended.filter((each) => each.sessionId === sessionId)) {
      const found = entries.filter(({ message }) => message.content === note.text).length;
      if (found > 1 || (note.isAcknowledged && found === 0))
        this.#say(`appended ${note.text} is there ${found} times`);
    }
  }

  /** The catalog tells what the head tells. */
  #auditRow(head: SessionView): void {
    for (const field of SHARED) {
      const [found, told] = [this.#row, head].map((record) =>
        JSON.stringify((record as unknown as Record<string, unknown>)[field]),
      );
      if (found !== told) this.#say(`search says ${field} ${found}, get says ${told}`);
    }
  }

  async #messages(): Promise<Message[]> {
    const entries: Message[] = [];
    for (let from: number | undefined = 1; from !== undefined; ) {
      const range = { from, limit: 1000, includePartial: true };
      const page = await this.#sessions.messages(this.#row.sessionId, range);
      entries.push(...page.entries.filter((entry) => entry.type === 'message'));
      from = page.nextFrom;
    }
    return entries;
  }

  async #records(): Promise<TurnView[]> {
    const records: TurnView[] = [];
    for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; ) {
      isFirst = false;
      const from = cursor === undefined ? {} : { cursor };
      const page = await this.#sessions.turns(this.#row.sessionId, { limit: PAGE, ...from });
      records.push(...page.turns);
      cursor = page.nextCursor;
    }
    return records;
  }
}

const nano = (usd: number | null | undefined): number => Math.round((usd ?? 0) * NANO);

const sum = <T>(list: readonly T[], of: (item: T) => number): number =>
  list.reduce((total, item) => total + of(item), 0);

const toolUses = ({ message: { content } }: Message): number =>
  typeof content === 'string' ? 0 : content.filter(({ type }) => type === 'tool_use').length;
