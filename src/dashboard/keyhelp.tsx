/** The keys, in a dialog. */
import { Dialog } from './parts/dialog.tsx';

const KEYS: readonly (readonly [string, string])[] = [
  ['/', 'search'],
  ['j, k', 'the next, the one before'],
  ['Enter', 'open it'],
  ['x', 'select it'],
  ['g d', 'back to a day (in Sessions)'],
  ['n', 'a new session (in Sessions)'],
  ['e', 'why it is here (in a session)'],
  ['a, d', 'allow, deny (in Approvals)'],
  ['Escape', 'leave a dialog'],
  ['?', 'this help'],
];

export const Keyhelp = (props: {
  readonly views: readonly { readonly title: string; readonly key: string }[];
  readonly onClose: () => void;
}) => (
  <Dialog title="Keys" onClose={props.onClose}>
    <dl class="keys">
      {props.views.map(({ title, key }) => (
        <div key={key}>
          <dt>
            <kbd>g</kbd> <kbd>{key}</kbd>
          </dt>
          <dd>{title}</dd>
        </div>
      ))}
      {KEYS.map(([key, what]) => (
        <div key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
    <p class="second">
      For programs:{' '}
      <a href="/v1/docs" target="_self">
        the API
      </a>
      .
    </p>
  </Dialog>
);
