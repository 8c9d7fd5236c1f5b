import { afterEach, describe, expect, it } from 'vitest';
import { atExit } from '../../src/platform/at-exit.ts';

describe('what is done at the exit', () => {
  const undo: (() => void)[] = [];
  afterEach(() => {
    for (const each of undo.splice(0)) each();
  });

  it('comes before the listeners of the host', () => {
    const theirs = () => undefined;
    const ours = () => undefined;
    process.on('exit', theirs);
    undo.push(() => process.off('exit', theirs), atExit(ours));
    const listeners = process.listeners('exit');
    expect(listeners.indexOf(ours)).toBeLessThan(listeners.indexOf(theirs));
  });

  it('leaves the host the room that it has for listeners, and gives its own back once', () => {
    const before = process.getMaxListeners();
    const all = Array.from({ length: 30 }, () => atExit(() => undefined));
    expect(process.getMaxListeners()).toBe(before + 30);
    for (const takeAway of [...all, ...all]) takeAway();
    expect(process.getMaxListeners()).toBe(before);
  });

  it('keeps a host’s room without a limit as it is', () => {
    const before = process.getMaxListeners();
    undo.push(() => process.setMaxListeners(before));
    process.setMaxListeners(0);
    atExit(() => undefined)();
    expect(process.getMaxListeners()).toBe(0);
  });
});
