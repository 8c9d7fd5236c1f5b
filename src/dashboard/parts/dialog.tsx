/** A question in front of the page: the keyboard stays in it, Escape leaves it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

export const Dialog = ({ title, onClose, children }: DialogProps) => {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => element.current?.showModal(), []);
  return (
    <dialog ref={element} onClose={onClose} aria-label={title}>
      <header>
        <h2>{title}</h2>
        <button type="button" class="plain" aria-label="Close" onClick={onClose}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  );
};

/** A dialog with one field. */
export const AskText = (props: {
  readonly title: string;
  readonly label: string;
  readonly value?: string;
  readonly button: string;
  readonly onClose: () => void;
  readonly onText: (text: string) => void;
}) => {
  const field = useRef<HTMLInputElement>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    props.onText(field.current?.value ?? '');
    props.onClose();
  };
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form onSubmit={submit}>
        <label>
          {props.label}
          <input ref={field} defaultValue={props.value ?? ''} autofocus />
        </label>
        <footer>
          <button type="button" onClick={props.onClose}>
            Cancel
          </button>
          <button type="submit" class="main">
            {props.button}
          </button>
        </footer>
      </form>
    </Dialog>
  );
};

/** A dialog that asks whether it is meant. */
export const Sure = (props: {
  readonly title: string;
  readonly button: string;
  readonly children: ComponentChildren;
  readonly onClose: () => void;
  readonly onYes: () => void;
}) => (
  <Dialog title={props.title} onClose={props.onClose}>
    {props.children}
    <footer>
      <button type="button" onClick={props.onClose}>
        Cancel
      </button>
      <button
        type="button"
        class="danger"
        onClick={() => {
          props.onYes();
          props.onClose();
        }}
      >
        {props.button}
      </button>
    </footer>
  </Dialog>
);
