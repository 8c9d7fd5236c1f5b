/** The parts whose tests are judged: where the mistakes are made, and which tests must notice them. */
const tests = (...patterns) => patterns.map((one) => `test/${one}.test.ts`);

export const AREAS = {
  machine: {
    folder: 'src/session/machine',
    include: tests(
      ...[
        'session/{machine,runtime,turns,commits,actor,events}/**/*',
        'session/{restore,side-transcripts}',
      ],
      'classic/stores/memory',
    ),
    exclude: [],
  },
  search: {
    folder: 'src/search',
    include: tests('search/**/*'),
    exclude: tests('search/catalog-cost'), // it weighs the heap, which has the mutants in it
  },
  query: { folder: 'src/query', include: tests('query/**/*'), exclude: [] },
  otp: {
    folder: 'src/otp',
    include: tests('otp/**/*', 'testing/**/*'),
    exclude: tests('otp/{port,types}'), // processes, and what the compiler judges
    // They end processes by number: one mistake there may end any process of the machine.
    spared: ['src/otp/outside-program.ts', 'src/otp/port.ts'],
  },
};

/** The area that a file is of; undefined for one in which no mistakes are made. */
export const areaOf = (file) =>
  Object.keys(AREAS).find((name) => {
    const { folder, spared = [] } = AREAS[name];
    return file.startsWith(`${folder}/`) && !spared.includes(file);
  });
