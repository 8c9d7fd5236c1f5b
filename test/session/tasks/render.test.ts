/** What a run of a task begins with. */
import { describe, expect, test } from 'vitest';
import { rendered } from '../../../src/session/tasks/render.ts';

describe('a task', () => {
  test('fills its places from the run, then the task, then the template', () => {
    const template = { prompt: '{{a}} {{b}} {{c}}', variables: { a: 1, b: 1, c: 1 } };
    const task = { template: 't', variables: { b: 2, c: 2 } };
    expect(rendered('x', task, template, { c: 3 }).prompt).toBe('1 2 3');
  });

  test('lets its settings go before those of the template, and keeps the tags of both', () => {
    const template = {
      prompt: 'p',
      settings: { model: 'a', maxTokens: 9, tags: ['one'], title: 'no', mode: 'forked' as const },
    };
    const task = { template: 't', settings: { model: 'b', tags: ['two'] } };
    expect(rendered('x', task, template, {}).settings).toEqual({
      ...{ model: 'b', maxTokens: 9, tags: ['one', 'two', 'task:x'], templateId: 't' },
      ...{ title: 'Task: x', mode: 'background' },
    });
  });

  test('fills the system prompt, and leaves alone what is no place', () => {
    const task = {
      prompt: '{{ a }} {a} {{a b}} {{}} {{{a}}',
      settings: { systemPrompt: 'S {{b}}' },
    };
    const { prompt, settings } = rendered('x', task, undefined, { a: '$& {{b}}', b: true });
    expect(prompt).toBe('$& {{b}} {a} {{a b}} {{}} {$& {{b}}');
    expect(settings.systemPrompt).toBe('S true');
  });

  test('refuses a text that its values make too long, before it is made', () => {
    const task = { prompt: '{{a}}'.repeat(50_000), settings: { systemPrompt: '{{b}}'.repeat(9) } };
    const tooLarge = expect.objectContaining({ code: 'too_large' });
    const long = 'x'.repeat(1_000_000);
    expect(() => rendered('x', task, undefined, { a: long, b: 1 })).toThrow(tooLarge);
    expect(() => rendered('x', task, undefined, { a: 1, b: long })).toThrow(tooLarge);
    expect(rendered('x', task, undefined, { a: 12, b: 1 }).prompt).toHaveLength(100_000);
  });

  test.each([
    ['has no value', {}, 'a'],
    ['has no place', { a: 1, b: 1 }, 'b'],
    ['is a word of JavaScript', { a: 1, constructor: 1 }, 'constructor'],
  ] as const)('names the variable that %s', (_, given, variable) => {
    expect(() => rendered('x', { prompt: '{{a}}' }, undefined, given)).toThrow(
      expect.objectContaining({
        code: 'invalid_settings',
        details: { field: 'variables', variable },
      }),
    );
  });

  test('may do everything only by its own word', () => {
    const template = { prompt: 'p', settings: { permissionMode: 'bypassPermissions' as const } };
    expect(() => rendered('x', { template: 't' }, template, {})).toThrow('the task itself');
    const settings = { permissionMode: 'default' as const };
    expect(rendered('x', { template: 't', settings }, template, {}).settings).toMatchObject(
      settings,
    );
  });
});
