/** fast-check with no more than 100 runs of a property: code with all mutants in it is ten times as slow. */
import real from '../../node_modules/fast-check/lib/fast-check.js';

const MOST_RUNS = 100;

type Assert = typeof real.assert;

const assert = ((property, parameters = {}) =>
  real.assert(property, {
    ...parameters,
    numRuns: Math.min(parameters.numRuns ?? MOST_RUNS, MOST_RUNS),
  })) as Assert;

// biome-ignore lint/style/noDefaultExport: as fast-check's
export default { ...real, assert };
