/** The runtime's guide says what the runtime does. The compiler keeps the code's side complete. */
import { expect, test } from 'vitest';
import type { OtpErrorCode } from '../../src/otp/otp-error.ts';
import { codeInColumn, documentNamed, fencesIn, tableBelow } from './readme.ts';

const GUIDE = documentNamed('docs/guide/otp.md');

const CODES = {
  timeout: true,
  noproc: true,
  mailbox_full: true,
  callee_died: true,
  calling_self: true,
  unknown_call: true,
  already_registered: true,
  not_registered: true,
  start_failed: true,
  ignored: true,
  parked: true,
  max_children: true,
  bad_spec: true,
  already_started: true,
  already_present: true,
  not_found: true,
  running: true,
  restarting: true,
} satisfies Record<OtpErrorCode, true>;

test('every refusal is in the table', () => {
  expect(codeInColumn(tableBelow('Refusals', GUIDE), 0)).toEqual(
    expect.arrayContaining(Object.keys(CODES)),
  );
});

test('the run queue yields when the guide says', () => {
  const scheduler = documentNamed('src/otp/scheduler.ts');
  const numberOf = (constant: string): string => {
    const [, digits = ''] = new RegExp(`const ${constant} = ([\\d_]+);`).exec(scheduler) ?? [];
    return Number(digits.replaceAll('_', '')).toLocaleString('en');
  };
  const [slice, burst, burstMs] = ['SLICE', 'BURST', 'BURST_MS'].map(numberOf);
  expect(GUIDE).toContain(`others after ${slice} messages`);
  expect(GUIDE).toContain(`sockets after ${burst} messages or ${burstMs} ms`);
});

test('the program is about as long as it says', () => {
  const program = fencesIn(GUIDE).find(({ marker }) => marker?.startsWith('runs:'))?.text ?? '';
  const lines = program.split('\n').filter((line) => line.trim() !== '');
  expect(lines.length).toBeLessThanOrEqual(70);
});

test('what is exported is named in the guide', async () => {
  const names = Object.keys(await import('../../src/otp/index.ts'));
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(GUIDE))).toEqual([]);
});
