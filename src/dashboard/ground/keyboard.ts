/** Keys of the page: single letters, as in other programs for people who keep their hands on the keyboard. */
import { useLayoutEffect, useRef } from 'preact/hooks';

export type Keys = Readonly<Record<string, () => void>>;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));

/**
 * While the component is shown. `g s` is two keys one after the other. A key does what the keys of the last rendering say:
 * what is marked on the page is what it answers.
 */
export const useKeys = (keys: Keys): void => {
  const latest = useRef(keys);
  latest.current = keys;
  useLayoutEffect(() => {
    let first = '';
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTyping(event.target) || document.querySelector('dialog[open]') !== null) return;
      const run = latest.current[`${first} ${event.key}`.trim()] ?? latest.current[event.key];
      first = event.key === 'g' ? 'g' : '';
      if (run === undefined) return;
      event.preventDefault();
      run();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
};
