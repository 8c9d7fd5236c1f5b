/** The parts whose tests are judged: where the mistakes are made, and which tests must notice them. */
const tests = (...patterns) => patterns.map((one) => `test/${one}.test.ts`);

export const AREAS = {
  machine: {
    folder: 'src/session/machine',
    include: tests(
      ...['session/{machine,actor,events}/**/*', 'session/{restore,side-transcripts}'],
      'classic/stores/memory',
    ),
    exclude: [],
  },
  search: {
    folder: 'src/search',
    include: tests('search/**/*'),
    exclude: tests('search/catalog-cost'), // it weighs the heap, which has the mutants in it
  },
  otp: {
    folder: 'src/otp',
    include: tests('otp/**/*', 'testing/**/*'),
    exclude: tests('otp/types'), // the compiler judges it
  },
};

/** The area that a file is of. */
export const areaOf = (file) =>
  Object.keys(AREAS).find((name) => file.startsWith(`${AREAS[name].folder}/`));
