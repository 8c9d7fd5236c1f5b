/**
 * A store with its catalog, as a daemon has them, that does what its parent asks of it: change a session, delete one, search. Each
 * change is answered when it is durable. Arguments: the compiled program, the store, and the snapshot's file.
 */
const [dist, dir, path] = process.argv.slice(2);
const load = (file) => import(`${dist}/src/${file}`);
const { openLmdbJournal } = await load('storage/journal/lmdb-journal.js');
const { fillCatalog } = await load('search/catalog/fill-catalog.js');
const { newHead } = await load('model/head.js');
const { sessionKey } = await load('model/ids.js');

const { journal } = await openLmdbJournal({ dir });
let from = 'rows';
const catalog = await fillCatalog(journal, {
  snapshot: path,
  nowMs: () => 0,
  notices: { info: (fields) => (from = fields.from ?? from), warn: () => undefined },
  onFault: (error) => {
    throw error;
  },
  pause: () => new Promise((resolve) => setImmediate(resolve)),
  follow: (feed) => journal.subscribe((changes) => feed.commits(changes)),
});

/** The head of which the catalog makes this row. */
const headOf = (row, version) => {
  const { key, costIsPartial, tokens, openTurns: _, hasApproval: __, hasArchive, ...fields } = row;
  const head = newHead(key, row.createdAtMs);
  const usage = { ...head.usage, inputTokens: tokens };
  const unpricedAnswers = costIsPartial ? 1 : 0;
  return {
    ...{ ...head, ...fields, unpricedAnswers, usage, version },
    ...(hasArchive === true ? { archiveId: 'an-archive' } : {}),
  };
};

const forget = async () => {
  while ((await journal.purge(10)).left);
};

const calls = {
  put: async (row) => {
    const { head } = await journal.open(sessionKey('default', row.key.sessionId));
    const expectedVersion = head?.version ?? 0;
    await journal.commit({
      ...{ kind: 'write', key: row.key, expectedVersion, head: headOf(row, expectedVersion + 1) },
      ...{ audit: [], appends: [], streams: [], turns: [], newTurnIds: [], responses: [] },
    });
    return expectedVersion + 1;
  },
  delete: async (sessionId) => {
    const key = sessionKey('default', sessionId);
    const { head } = await journal.open(key);
    if (head === undefined) return;
    const { version: expectedVersion } = head;
    await journal.commit({ kind: 'delete', key, expectedVersion, tombstoneUntilMs: 1, audit: [] });
    await forget();
  },
  find: async (sessionId) => catalog.whole(sessionKey('default', sessionId)),
  search: (criteria) => catalog.search('default', criteria),
  count: (criteria) => catalog.count('default', criteria),
};

process.on('disconnect', () => process.exit(0));
process.on('message', ({ n, call, request }) =>
  calls[call](request).then(
    (value) => process.send({ n, value }),
    (error) => process.send({ n, failed: error.stack }),
  ),
);
await forget();
process.send({ ready: from });
