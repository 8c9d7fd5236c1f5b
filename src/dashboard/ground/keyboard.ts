/** Keys of the page: single letters, as in other programs for people who keep their hands on the keyboard. */
import { useEffect } from 'preact/hooks';

export type Keys = Readonly<Record<string, () => void>>;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));

/** While the component is shown. `g s` is two keys one after the other. */
export const useKeys = (keys: Keys): void => {
  useEffect(() => {
    let first = '';
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTyping(event.target) || document.querySelector('dialog[open]') !== null) return;
      const run = keys[`${first} ${event.key}`.trim()] ?? keys[event.key];
      first = event.key === 'g' ? 'g' : '';
      if (run === undefined) return;
      event.preventDefault();
      run();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  });
};
