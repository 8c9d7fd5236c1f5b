/** What share of a sample was noticed, with its interval, as a line of text. */

/** Of the normal distribution, for an interval that holds the true score 95 times of 100. */
const Z = 1.96;

const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** Wilson's interval of a share. */
const intervalOf = (part, all) => {
  const share = part / all;
  const middle = share + Z ** 2 / (2 * all);
  const half = Z * Math.sqrt((share * (1 - share)) / all + Z ** 2 / (4 * all ** 2));
  const per = 1 + Z ** 2 / all;
  return [(middle - half) / per, (middle + half) / per];
};

/** `open`: not noticed, and not shown to change nothing, as those of `equivalent` are. */
export const scoreLine = ({ all, noticed, open, equivalent }) => {
  const judged = noticed + open;
  const [low, high] = intervalOf(noticed, judged).map(percent);
  return [
    `score ${percent(noticed / judged)}, 95 % interval ${low} to ${high}:`,
    `of ${all} mutants a sample of ${judged + equivalent};`,
    `${noticed} noticed, ${open} not, ${equivalent} shown to change nothing`,
  ].join(' ');
};

export const sumOf = (tallies) =>
  tallies.reduce((sum, tally) =>
    Object.fromEntries(Object.keys(sum).map((name) => [name, sum[name] + tally[name]])),
  );
