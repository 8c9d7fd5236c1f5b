/**
 * Turns without a pause on several sessions, by senders that do as the documents say: what is refused
 * as retryable is sent again under the same turn id. Keeps the ledger of what was acknowledged.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { WireEvent } from '../../src/index.ts';
import { codeOf, ERRORS } from '../../src/model/errors.ts';
import type { TestGreenroom } from './greenroom.ts';
import { until } from './until.ts';

const RETRY_MS = 5;

export class Load {
  /** Turn ids that were accepted, by session. */
  readonly accepted = new Map<string, string[]>();
  /** How each accepted turn ended, as its reader heard it. */
  readonly ended = new Map<string, string>();
  readonly #test: TestGreenroom;
  #senders: Promise<void>[] = [];
  #isStopping = false;
  #count = 0;

  constructor(test: TestGreenroom, sessions: number) {
    this.#test = test;
    for (let at = 0; at < sessions; at++) this.accepted.set(`load${at}`, []);
    onTestFinished(() => {
      this.#isStopping = true;
    });
  }

  resume(): void {
    this.#isStopping = false;
    this.#senders = [...this.accepted.keys()].map((name) => this.#send(name));
    for (const sender of this.#senders) sender.catch(() => undefined); // `pause` tells
  }

  /** Resolves when every session has had so many more turns to their end. */
  async flows(turns: number): Promise<void> {
    const wanted = this.ended.size + turns * this.accepted.size;
    await until(() => this.ended.size >= wanted);
  }

  /** Sends nothing new; resolves when everything that was sent has ended. Rejects with what no sender may see. */
  async pause(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#senders);
  }

  async #send(name: string): Promise<void> {
    while (!this.#isStopping) {
      this.#count += 1;
      await this.#turn(name, `turn-${this.#count}`);
    }
  }

  async #turn(name: string, turnId: string): Promise<void> {
    for (;;) {
      try {
        for await (const event of this.#test.greenroom.turn(name, `say ${turnId}`, { turnId }))
          this.#note(name, event);
        return;
      } catch (error) {
        if (!ERRORS[codeOf(error)].retryable) throw error;
        await wait(RETRY_MS);
      }
    }
  }

  #note(name: string, event: WireEvent): void {
    const ids = this.accepted.get(name) ?? [];
    if (!ids.includes(event.turnId)) ids.push(event.turnId);
    if (event.type === 'turn.finished') this.ended.set(event.turnId, event.status);
  }
}
