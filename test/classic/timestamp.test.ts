/** Times of the classic models: every spelling that Python and JavaScript write, in our one. */
import { describe, expect, test } from 'vitest';
import { storedTimestamp, timestampFrom } from '../../src/classic/timestamp.ts';

const SPELLINGS: readonly (readonly [given: string, spelled: string])[] = [
  ['2024-01-15T10:30:00', '2024-01-15T10:30:00Z'],
  ['2024-01-15 10:30:00', '2024-01-15T10:30:00Z'],
  ['2024-01-15T10:30', '2024-01-15T10:30:00Z'],
  ['2024-01-15', '2024-01-15T00:00:00Z'],
  ['2025-07-30T15:25:31.069594', '2025-07-30T15:25:31.069594Z'],
  ['2025-07-30T15:25:31.5', '2025-07-30T15:25:31.500Z'],
  ['2025-07-30T15:25:31.1234', '2025-07-30T15:25:31.123400Z'],
  ['2025-07-30T15:25:31.123456789Z', '2025-07-30T15:25:31.123456Z'],
  ['2025-07-30T15:25:31+00:00', '2025-07-30T15:25:31Z'],
  ['2025-07-30T15:25:31+02:00', '2025-07-30T15:25:31+02:00'],
  ['2025-07-30T15:25:31-0330', '2025-07-30T15:25:31-03:30'],
  ['2025-07-30T15:25:31+02', '2025-07-30T15:25:31+02:00'],
  ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
];

describe('a timestamp', () => {
  test.for(SPELLINGS)('%s is %s', ([given, spelled]) => {
    expect(timestampFrom(given)).toBe(spelled);
  });

  test.for([
    ...[
      '',
      'not-a-timestamp',
      '2024-02-30T00:00:00',
      '2023-02-29',
      '2024-13-01',
      '2024-01-15T25:00:00',
    ],
    ...['2024-01-15T10:30:00+99:00', '1700000000', '2024-01-15T10:30:00 CET'],
  ])('%j is none', (given) => {
    expect(timestampFrom(given)).toBeNull();
  });

  test('UTC is spelled on disk as older Pythons read it', () => {
    expect(storedTimestamp('2024-01-15T10:30:00.123Z')).toBe('2024-01-15T10:30:00.123+00:00');
    expect(storedTimestamp('2024-01-15T10:30:00+02:00')).toBe('2024-01-15T10:30:00+02:00');
  });
});
