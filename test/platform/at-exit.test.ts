import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { atExit } from '../../src/platform/at-exit.ts';

/** Ends as `process` does, but for the end itself. */
class FakeProcess extends EventEmitter {
  readonly seen: unknown[] = [];

  override emit(event: string | symbol, ...args: readonly unknown[]): boolean {
    return super.emit(event, ...args);
  }

  reallyExit(code?: number): void {
    this.seen.push(`ended with ${code}`);
  }

  exit(code: number): void {
    this.emit('exit', code);
    this.reallyExit(code);
  }

  readonly see = (what: string) => () => void this.seen.push(what);
}

describe('what is done at the exit', () => {
  it('comes before the listeners of the host, and once more before the end itself', () => {
    const host = new FakeProcess();
    atExit(host.see('ours'), host);
    host.prependListener('exit', host.see('theirs'));
    host.emit('other');
    host.exit(3);
    expect(host.seen).toEqual(['ours', 'theirs', 'ours', 'ended with 3']);
  });

  it('is done when a listener throws, when there are none any more, and when nobody is asked', () => {
    const host = new FakeProcess();
    atExit(host.see('ours'), host);
    host.prependListener('exit', () => {
      throw new Error('theirs');
    });
    expect(() => host.exit(3)).toThrow('theirs');
    expect(host.seen.splice(0)).toEqual(['ours']);
    host.removeAllListeners();
    host.emit('exit', 3);
    expect(host.seen.splice(0)).toEqual(['ours']);
    host.reallyExit(4);
    expect(host.seen).toEqual(['ours', 'ended with 4']);
  });

  it('is done for all that asked, until they take it away, in whatever order', () => {
    const host = new FakeProcess();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => atExit(host.see(name), host));
    host.emit('exit');
    expect(host.seen.splice(0)).toEqual(['a', 'b', 'c']);
    b?.();
    b?.();
    host.emit('exit');
    expect(host.seen.splice(0)).toEqual(['a', 'c']);
    a?.();
    c?.();
    host.emit('exit');
    expect(host.seen).toEqual([]);
  });

  it('takes no room of the host’s listeners, and stays beside what another library puts before it', () => {
    const host = new FakeProcess();
    const all = Array.from({ length: 30 }, () => atExit(() => undefined, host));
    expect(host.listenerCount('exit')).toBe(0);
    const { emit } = host;
    host.emit = (event, ...args) => {
      host.seen.push('another');
      return emit.call(host, event, ...args);
    };
    for (const takeAway of all) takeAway();
    atExit(host.see('ours'), host);
    host.emit('exit');
    expect(host.seen).toEqual(['another', 'ours']);
  });
});
