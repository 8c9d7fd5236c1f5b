/** Backups of the whole store, as programs use them; embedded or over NATS. */
import type { AskDaemon } from '../verbs/api.ts';
import type { BackupStateView, BackupView } from '../verbs/backup-verbs.ts';

/** So long the end of what was asked for is waited for, in milliseconds; at most 30,000, by default not at all. */
export interface BackupWait {
  readonly waitMs?: number;
}

/**
 * Of all tenants: a client needs the permission `admin`. Each call but `state` rejects with `invalid_settings` where no place
 * is set (`backupTo`).
 */
export class BackupsFacade {
  readonly #ask: AskDaemon;

  constructor(ask: AskDaemon) {
    this.#ask = ask;
  }

  /**
   * Has one made. It is durable that it will be; `status` is `idle` again once it is, `failed` once it is given up, and
   * `last` is the newest that was made.
   */
  run(options: BackupWait = {}): Promise<BackupStateView> {
    return this.#ask('back-up', options);
  }

  /** Those that lie at the place, newest first: 100, or up to 1,000. Those of other stores may be among them, unless `ours` is set; `beginning` is that of their ids. */
  async list(
    options: { readonly limit?: number; readonly beginning?: string; readonly ours?: boolean } = {},
  ): Promise<readonly BackupView[]> {
    return (await this.#ask('backups', options)).backups;
  }

  /**
   * Has all of one read, by default of the newest of this store; `work.result.isSound` says how that went, once `work.status`
   * is `completed`. Rejects with `invalid_state` while other work is done.
   */
  verify(backupId?: string, options: BackupWait = {}): Promise<BackupStateView> {
    const wanted = backupId === undefined ? {} : { backupId };
    return this.#ask('verify-backup', { ...options, ...wanted });
  }

  /** Has one deleted; what another needs too stays. `work` says how that went. `invalid_state` while other work is done. */
  delete(backupId: string, options: BackupWait = {}): Promise<BackupStateView> {
    return this.#ask('delete-backup', { ...options, backupId });
  }

  /** When the next one is due, how the last one went, what is at work. */
  state(options: BackupWait = {}): Promise<BackupStateView> {
    return this.#ask('backup-state', options);
  }
}
