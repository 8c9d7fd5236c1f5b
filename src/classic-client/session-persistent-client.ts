/**
 * A classic client that keeps what it has seen in JSON files, one for each session, as the older persistent client did. The
 * store has the session all the same; a file is for people and programs that read files, and for moving a session.
 *
 * 1. The file is written after each message, before the message is given.
 * 2. No key, function or store is written.
 */
import { join } from 'node:path';
import { isoNow } from '../classic/timestamp.ts';
import { homeFolder } from '../config/home-folder.ts';
import { GreenroomError } from '../model/errors.ts';
import { ClaudeSDKClient } from './claude-sdk-client.ts';
import type { ClientMessage } from './client-message.ts';
import type { CheckedOptions, ClaudeAgentOptions } from './options.ts';
import { type SavedConversation, SessionJsonFiles } from './session-json.ts';
import type { ClientParts } from './turns.ts';

export interface PersistentOptions extends ClientParts {
  readonly options?: ClaudeAgentOptions | undefined;
  /** The folder of the files; default `~/.claude_sdk/sessions`. */
  readonly storagePath?: string | undefined;
}

export class SessionPersistentClient extends ClaudeSDKClient {
  readonly #files: SessionJsonFiles;
  #current: string | null = null;
  #saved: SavedConversation | undefined;

  constructor({ options = {}, storagePath, ...parts }: PersistentOptions = {}) {
    super(options, parts);
    this.#files = new SessionJsonFiles(storagePath ?? defaultFolder());
  }

  /** null before the first message that carries one. */
  getCurrentSessionId(): string | null {
    return this.#current;
  }

  /**
   * The queries from now on go to this session: of the store; else of its file, whose history is put into the store first;
   * else a new one of this id. Resolves with the id.
   */
  async startOrResumeSession(sessionId: string): Promise<string> {
    this.goTo(sessionId);
    this.#saved = undefined;
    this.#current = sessionId;
    if (await this.turns.exists(sessionId)) return sessionId;
    const state = await this.#files.state(sessionId);
    if (state !== null) await this.turns.restore(state);
    return sessionId;
  }

  /** Ids of the files, newest activity first. */
  listSessions(): Promise<string[]> {
    return this.#files.list();
  }

  /** What a file holds; null: there is none. */
  loadSession(sessionId: string): Promise<SavedConversation | null> {
    return this.#files.load(sessionId);
  }

  /** Deletes the file; the store keeps its session. */
  async deleteSession(sessionId: string): Promise<void> {
    await this.#files.delete(sessionId);
    if (this.#saved?.sessionId === sessionId) this.#saved = undefined;
  }

  protected override async seen(message: ClientMessage): Promise<void> {
    const { session_id: sessionId } = message;
    this.#current = sessionId;
    const before =
      this.#saved?.sessionId === sessionId ? this.#saved : await this.#begin(sessionId);
    const said = message.type === 'user' || message.type === 'assistant' ? [message.message] : [];
    this.#saved = {
      ...before,
      lastActivity: isoNow(),
      conversationHistory: [...before.conversationHistory, ...said],
    };
    await this.#files.save(this.#saved);
  }

  /** The file as it is; without one, what the store holds. */
  async #begin(sessionId: string): Promise<SavedConversation> {
    if (await this.#files.isForeign(sessionId))
      throw new GreenroomError(
        'invalid_state',
        `${this.#files.pathOf(sessionId)} is another program's file`,
      );
    const { options } = this;
    const saved = await this.#files.load(sessionId);
    const startTime = isoNow();
    return {
      ...{ sessionId, startTime, lastActivity: startTime },
      conversationHistory: saved === null ? await this.turns.history(sessionId) : [],
      ...saved,
      workingDirectory: options.workingDirectory,
      options: plainOptions(options),
    };
  }
}

const defaultFolder = (): string => join(homeFolder('storagePath'), '.claude_sdk', 'sessions');

/** Those that are settings, by the older names. */
const plainOptions = (options: CheckedOptions): Record<string, unknown> => ({
  model: options.model,
  permission_mode: options.permissionMode,
  max_turns: options.maxTurns,
  ...(options.systemPrompt === undefined ? {} : { system_prompt: options.systemPrompt }),
  ...(options.allowedTools === undefined ? {} : { allowed_tools: options.allowedTools }),
  ...(options.disallowedTools === undefined ? {} : { disallowed_tools: options.disallowedTools }),
});
