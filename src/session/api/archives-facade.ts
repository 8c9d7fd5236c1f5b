/** Archives of sessions, as programs use them; embedded or over NATS. */
import type { SessionsApi } from '../verbs/api.ts';
import type { ArchiveView } from '../verbs/archives.ts';
import type { SessionsReplies, SessionsRequests } from '../verbs/registry.ts';
import { pageBytes } from './download.ts';

type Of<V extends `archives.${string}` & keyof SessionsRequests> = Omit<
  SessionsRequests[V],
  'archiveId'
>;
type Part = NonNullable<SessionsRequests['archives.read']['object']>;

export class ArchivesFacade {
  readonly #api: SessionsApi;

  constructor(api: SessionsApi) {
    this.#api = api;
  }

  /** Those whose sessions changed last come first, 20 a page. They are found when the session is gone, too. */
  search(
    wanted: SessionsRequests['archives.search'] = {},
  ): Promise<SessionsReplies['archives.search']> {
    return this.#api.sessions('archives.search', wanted);
  }

  /** Rejects with `archive_not_found`, as all others do. */
  async get(archiveId: string): Promise<ArchiveView> {
    return (await this.#api.sessions('archives.get', { archiveId })).archive;
  }

  /** Has all of it read; `work.result.isSound` says how that went, once `work.status` is `completed`. */
  async verify(archiveId: string, options: Of<'archives.verify'> = {}): Promise<ArchiveView> {
    return (await this.#api.sessions('archives.verify', { ...options, archiveId })).archive;
  }

  /** Has session and directory brought back, where there is nothing; `work` says how far that is. */
  async restore(archiveId: string, options: Of<'archives.restore'> = {}): Promise<ArchiveView> {
    return (await this.#api.sessions('archives.restore', { ...options, archiveId })).archive;
  }

  /** `deleted: false`: it is not gone yet. `invalid_state` for one that is held. */
  delete(
    archiveId: string,
    options: Of<'archives.delete'> = {},
  ): Promise<SessionsReplies['archives.delete']> {
    return this.#api.sessions('archives.delete', { ...options, archiveId });
  }

  /** Keeps it from going by its age, and from deletion. */
  async hold(archiveId: string, reason?: string): Promise<ArchiveView> {
    const said = reason === undefined ? {} : { reason };
    return (await this.#api.sessions('archives.hold', { ...said, archiveId })).archive;
  }

  async release(archiveId: string): Promise<ArchiveView> {
    return (await this.#api.sessions('archives.release', { archiveId })).archive;
  }

  /**
   * Has this store be the one whose archives lie at a place: where the archive does, by default where new ones go. For a store
   * that was restored from a backup, once the original is gone. Needs `admin`.
   */
  takeOver(archiveId?: string): Promise<SessionsReplies['archives.take-over']> {
    const where = archiveId === undefined ? {} : { archiveId };
    return this.#api.sessions('archives.take-over', where);
  }

  /** Its bytes as they come, from `from` on: by default those of the packed directory. */
  async *download(
    archiveId: string,
    { object = 'folder', from = 0 }: { readonly object?: Part; readonly from?: number } = {},
  ): AsyncGenerator<Uint8Array, void> {
    // As base64, three bytes are four.
    const maxBytes = Math.floor((pageBytes(this.#api.maxPayloadBytes) * 3) / 4);
    for (let offset: number | undefined = from; offset !== undefined; ) {
      const page: SessionsReplies['archives.read'] = await this.#api.sessions('archives.read', {
        ...{ archiveId, object, offset, maxBytes },
      });
      yield Buffer.from(page.base64, 'base64');
      offset = page.nextOffset;
    }
  }
}
