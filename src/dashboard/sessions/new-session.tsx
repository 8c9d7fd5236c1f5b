/** A new session, with its first message if there is one. */
import { useRef } from 'preact/hooks';
import { askSession, sendTurn } from '../ground/ask.ts';
import { attempt } from '../ground/notice.ts';
import { addressOf, go } from '../ground/route.ts';
import { tagsOf } from '../ground/words.ts';
import { Dialog } from '../parts/dialog.tsx';

export const NewSession = ({ onClose }: { readonly onClose: () => void }) => {
  const form = useRef<HTMLFormElement>(null);
  const make = async (event: Event) => {
    event.preventDefault();
    const data = new FormData(form.current ?? undefined);
    const text = (name: string) => String(data.get(name) ?? '').trim();
    const sessionId = text('id') === '' ? freshId() : text('id');
    const tags = tagsOf(text('tags'));
    const settings = {
      ...(text('title') === '' ? {} : { title: text('title') }),
      ...(text('directory') === '' ? {} : { workingDirectory: text('directory') }),
      ...(tags.length === 0 ? {} : { tags }),
    };
    const isMade = await attempt('', async () => {
      await askSession(sessionId, 'create', settings);
      if (text('prompt') !== '') await sendTurn(sessionId, { prompt: text('prompt') });
    });
    if (!isMade) return;
    onClose();
    go(addressOf(['sessions', sessionId]));
  };
  return (
    <Dialog title="New session" onClose={onClose}>
      <form ref={form} onSubmit={make}>
        <label>
          First message
          <textarea name="prompt" rows={4} autofocus />
        </label>
        <label>
          Title
          <input name="title" />
        </label>
        <label>
          Tags, with commas between them
          <input name="tags" placeholder="review, to continue" />
        </label>
        <label>
          Working folder on the machine of the daemon; with one, its model has tools
          <input name="directory" placeholder="/srv/app" />
        </label>
        <label>
          Id
          <input
            name="id"
            placeholder="a new one, unless you say one"
            pattern="[A-Za-z0-9][A-Za-z0-9_\-]*"
          />
        </label>
        <footer>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="main">
            Make it
          </button>
        </footer>
      </form>
    </Dialog>
  );
};

const freshId = (): string => crypto.randomUUID();
