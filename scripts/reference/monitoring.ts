/** What is generated of the page on monitoring: the metrics, and why a daemon is not ready. */
import { REASONS } from '../../src/http/readiness.ts';
import { METRICS } from '../../src/metrics/declared.ts';
import { MAX_VALUES, OTHER } from '../../src/metrics/instruments.ts';
import { code, type Regions, table } from './markdown.ts';

/** Names of metrics and paths in a sentence are code. */
const marked = (text: string): string =>
  text.replaceAll(/(?<![\w`])(?:greenroom_\w+|\/readyz)/g, (name) => code(name));

const metrics = (): string =>
  table(
    ['metric', 'type', 'label', 'meaning'],
    METRICS.map(({ name, type, label, help }) => [
      code(name),
      type,
      label === undefined ? '' : code(label),
      marked(help),
    ]),
  );

const reasons = (): string =>
  table(
    ['reason', 'means'],
    Object.entries(REASONS).map(([reason, message]) => [code(reason), message]),
  );

const labels = (): string =>
  `No metric names a session, a turn or a tenant. A label has at most ${MAX_VALUES} values; further ones are counted together, as ${code(OTHER)}.`;

export const monitoringRegions = (): Regions => ({
  metrics: metrics(),
  reasons: reasons(),
  labels: labels(),
});
