/** Keys of the page: single letters, as in other programs for people who keep their hands on the keyboard. */
import { useLayoutEffect, useRef } from 'preact/hooks';

export type Keys = Readonly<Record<string, () => void>>;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.matches('textarea, select, input:not([type=checkbox])'));

/** Enter follows the link, and presses the button, that has the focus. */
const isTheirs = ({ key, target }: KeyboardEvent): boolean =>
  key === 'Enter' && target instanceof HTMLElement && target.matches(THEIRS);
const THEIRS = 'a, button, summary';

/** What these mark is what Enter answers from then on: nothing else has the focus. */
const MARKS: readonly string[] = ['j', 'k'];
const leave = (focused: Element | null): void => {
  if (focused instanceof HTMLElement && focused.matches(THEIRS)) focused.blur();
};

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
      if (isTyping(event.target) || isTheirs(event)) return;
      if (document.querySelector('dialog[open]') !== null) return;
      const run = latest.current[`${first} ${event.key}`.trim()] ?? latest.current[event.key];
      first = event.key === 'g' ? 'g' : '';
      if (run === undefined) return;
      event.preventDefault();
      if (MARKS.includes(event.key)) leave(document.activeElement);
      run();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
};
