/** Entries of imported transcripts as people read them. */
import { describe, expect, test } from 'vitest';
import { isTalk, messageLines, talkLines } from '../../src/cli/message-text.ts';
import { assistant, link, SESSION, said, user } from '../claude-code/records.ts';

const plain = { paint: (_: string, text: string) => text };

const shown = (line: unknown): string =>
  messageLines({ seq: 7, at: '2026-08-01T10:00:00.000Z', type: 'imported', line }, plain);

const attachment = (fields: object) => shown(link('b', 'a', 'attachment', { attachment: fields }));
const operation = (fields: object) =>
  shown({ type: 'queue-operation', sessionId: SESSION, ...fields });

describe('what people and the model said', () => {
  test('is shown whole', () => {
    expect(shown(user('a', null, 'one\ntwo'))).toBe('#7 user\n  one\n  two\n');
    expect(shown(assistant('b', 'a', 'm1', said('hello')))).toBe('#7 assistant\n  hello\n');
  });

  test('is shown where it came while the model worked, in whatever form', () => {
    const queued = { type: 'queued_command', commandMode: 'task-notification' };
    expect(attachment({ ...queued, prompt: 'be quick' })).toBe('#7 user\n  be quick\n');
    const blocks = [said('look'), { type: 'image', source: {} }];
    expect(attachment({ ...queued, prompt: blocks })).toBe('#7 user\n  look\n  (image)\n');
  });

  test('is shown where only the queue has it', () => {
    const words = `${'very '.repeat(40)}long`;
    expect(operation({ operation: 'enqueue', content: words })).toBe(
      `#7 queue: enqueue\n  ${words}\n`,
    );
    expect(operation({ operation: 'dequeue' })).toBe('#7 (queue: dequeue)\n');
  });
});

describe('what the program put in', () => {
  test('is a note of one line, cut at its end', () => {
    const body = `Base directory\nfor this skill: ${'x'.repeat(200)}`;
    const note = shown(user('a', null, [said(body)], { isMeta: true }));
    expect(note).toMatch(/^#7 \(user, for the model\) Base directory for this skill: x+…\n$/);
    expect(note.length).toBeLessThan(140);
  });

  test('tells what an attachment has', () => {
    const file = { type: 'file', filename: '/a', content: { file: { content: 'let x' } } };
    expect(attachment(file)).toBe('#7 (attachment file) The file /a was read: let x\n');
    expect(attachment({ type: 'plan_mode' })).toBe('#7 (attachment plan_mode)\n');
  });

  test('tells of other lines what they are', () => {
    const boundary = { subtype: 'compact_boundary', content: 'Conversation compacted' };
    expect(shown(link('b', null, 'system', boundary))).toBe(
      '#7 (system compact_boundary) Conversation compacted\n',
    );
    expect(shown({ type: 'last-prompt' })).toBe('#7 (last-prompt)\n');
    expect(shown('not an object')).toBe('#7 (a line)\n');
  });
});

describe('a line that is no JSON, and of which the model is sent a record all the same', () => {
  const json = JSON.stringify(user('a', null, 'first words'));
  const entry = (line: unknown) =>
    ({ seq: 7, at: '2026-08-01T10:00:00.000Z', type: 'imported', line }) as const;

  test.each([
    ['a byte order mark', `\ufeff${json}`],
    ['NULs', `\0\0\0${json}`],
    ['the half of another line', `{"type":"user","uu${json}`],
  ])('is shown as it was said, behind %s', (_, line) => {
    expect(shown(line)).toBe('#7 user\n  first words\n');
    expect(isTalk(entry(line))).toBe(true);
    expect(talkLines(entry(line), plain)).toBe('#7 user\n  first words\n');
  });

  test('is shown with both where two were written at once', () => {
    const line = json + JSON.stringify(assistant('b', 'a', 'm1', said('hello')));
    const both = '#7 user\n  first words\n#7 assistant\n  hello\n';
    expect(shown(line)).toBe(both);
    expect(talkLines(entry(line), plain)).toBe(both);
  });

  test('is not taken for one where it is a JSON text of its own', () => {
    expect(shown(json)).toBe('#7 (a line)\n');
    expect(isTalk(entry(json))).toBe(false);
  });
});
