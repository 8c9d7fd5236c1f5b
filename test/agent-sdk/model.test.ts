/** Random programs of the Agent SDK's kind: after each step the store holds what a plain map holds. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AgentSdkSessionStore,
  agentSdkSessionStore,
  type TranscriptEntry,
  type TranscriptKey,
} from '../../src/agent-sdk/index.ts';
import { openStore } from '../../src/stores/index.ts';
import { rounds } from '../support/rounds.ts';

const PROJECTS = ['a', 'a/b'];
const SESSIONS = ['c', 'b/c'];
const SUBPATHS = [undefined, 'x', 'x/y'];
const RUNS = process.env['GREENROOM_FULL'] ? 1_000 : rounds(60);

interface Step {
  readonly store: 0 | 1;
  readonly key: TranscriptKey;
  /** undefined: the transcript is deleted. */
  readonly entries: readonly TranscriptEntry[] | undefined;
}

const entry = fc
  .record({ uuid: fc.constantFrom('1', '2', '3', '4', undefined), n: fc.nat(9) })
  .map(
    ({ uuid, n }): TranscriptEntry => ({ type: 'x', ...(uuid === undefined ? {} : { uuid }), n }),
  );

const step: fc.Arbitrary<Step> = fc.record({
  store: fc.constantFrom(0, 1),
  key: fc
    .record({
      projectKey: fc.constantFrom(...PROJECTS),
      sessionId: fc.constantFrom(...SESSIONS),
      subpath: fc.constantFrom(...SUBPATHS),
    })
    .map(({ subpath, ...key }) => ({ ...key, ...(subpath === undefined ? {} : { subpath }) })),
  entries: fc.option(fc.array(entry, { maxLength: 4 }), { nil: undefined, freq: 4 }),
});

const nameOf = ({ projectKey, sessionId, subpath = '' }: TranscriptKey): string =>
  JSON.stringify([projectKey, sessionId, subpath]);

class Model {
  readonly #transcripts = new Map<string, TranscriptEntry[]>();

  apply({ key, entries }: Step): void {
    const name = nameOf(key);
    if (entries === undefined) {
      const sides = SUBPATHS.map((subpath) => nameOf({ ...key, subpath: subpath ?? '' }));
      for (const gone of key.subpath === undefined ? sides : [name]) this.#transcripts.delete(gone);
      return;
    }
    for (const one of entries) {
      const stored = this.#transcripts.get(name) ?? [];
      if (one.uuid !== undefined && stored.some(({ uuid }) => uuid === one.uuid)) continue;
      this.#transcripts.set(name, [...stored, one]);
    }
  }

  load(key: TranscriptKey): TranscriptEntry[] | null {
    return this.#transcripts.get(nameOf(key)) ?? null;
  }

  listed(projectKey: string): string[] {
    return SESSIONS.filter((sessionId) => this.load({ projectKey, sessionId }) !== null);
  }

  subkeys(key: TranscriptKey): string[] {
    return SUBPATHS.flatMap((subpath) =>
      subpath !== undefined && this.load({ ...key, subpath }) !== null ? [subpath] : [],
    );
  }
}

const agree = async (store: AgentSdkSessionStore, model: Model): Promise<void> => {
  for (const projectKey of PROJECTS) {
    const listed = await store.listSessions(projectKey);
    expect(listed.map(({ sessionId }) => sessionId).toSorted()).toEqual(
      model.listed(projectKey).toSorted(),
    );
    for (const sessionId of SESSIONS) {
      const key = { projectKey, sessionId };
      expect((await store.listSubkeys(key)).toSorted()).toEqual(model.subkeys(key));
      for (const subpath of SUBPATHS) {
        const transcript = subpath === undefined ? key : { ...key, subpath };
        expect(await store.load(transcript)).toEqual(model.load(transcript));
      }
    }
  }
};

test('two stores over one journal do what a map does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const opened = await openStore('memory:');
      try {
        const stores = [agentSdkSessionStore(opened), agentSdkSessionStore(opened)] as const;
        const model = new Model();
        for (const { store, key, entries } of steps) {
          if (entries === undefined) await stores[store].delete(key);
          else await stores[store].append(key, entries);
          model.apply({ store, key, entries });
        }
        await agree(stores[0], model);
      } finally {
        await opened.close();
      }
    }),
    { numRuns: RUNS },
  );
});
