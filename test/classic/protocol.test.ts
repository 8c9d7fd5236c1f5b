/** The SessionStore interface: its errors, and what is one. */
import { describe, expect, test } from 'vitest';
import { isSessionStore, mustBeSessionStore, OPERATIONS } from '../../src/classic/session-store.ts';
import {
  ConcurrencyError,
  codeOf,
  SerializationError,
  SessionNotFoundError,
  StorageError,
} from '../../src/model/errors.ts';

const ERRORS = [
  [SessionNotFoundError, 'session_not_found'],
  [StorageError, 'storage_failed'],
  [ConcurrencyError, 'version_conflict'],
  [SerializationError, 'serialization_failed'],
] as const;

/** As somebody writes one who only wants to see what is called. */
class MockStore {
  async createSession() {}
  async loadSession() {
    return null;
  }
  async appendMessage() {}
  async updateMetadata() {}
  async getMessages() {
    return [];
  }
  async forkSession() {}
  async compactSession() {}
  async listSessions() {
    return [];
  }
  async deleteSession() {}
  async sessionExists() {
    return false;
  }
  async close() {}
}

class IncompleteStore {
  async createSession() {}
  async loadSession() {
    return null;
  }
}

describe('errors of stores', () => {
  test.for(ERRORS)('%s is an error', ([Failure]) => {
    expect(new Failure('x')).toBeInstanceOf(Error);
    expect(new Failure('x').name).toBe(Failure.name);
  });

  test.for(ERRORS)('%s can be thrown, and is known by its code', ([Failure, code]) => {
    const cause = new Error('below');
    const fail = () => {
      throw new Failure('went wrong', { cause });
    };
    expect(fail).toThrow(Failure);
    expect(fail).toThrow('went wrong');
    expect(codeOf(new Failure('x'))).toBe(code);
    expect(new Failure('x', { cause }).cause).toBe(cause);
  });
});

describe('a SessionStore', () => {
  test('can be told at run time, whatever comes', () => {
    for (const nothing of [undefined, null, 7, 'store', {}, () => undefined])
      expect(isSessionStore(nothing)).toBe(false);
  });

  test('is whatever has the eleven operations', () => {
    expect(OPERATIONS).toHaveLength(11);
    expect(isSessionStore(new MockStore())).toBe(true);
    expect(() => mustBeSessionStore(new MockStore())).not.toThrow();
  });

  test('is not what lacks one, and the missing ones are named', () => {
    const told: unknown[] = [];
    expect(isSessionStore(new IncompleteStore(), (missing) => told.push(...missing))).toBe(false);
    expect(told).toEqual(OPERATIONS.slice(2));
    expect(() => mustBeSessionStore(new IncompleteStore())).toThrow(/appendMessage.*close/);
  });

  test('can be called through the interface', async () => {
    const store: unknown = new MockStore();
    if (!isSessionStore(store)) throw new Error('it is one');
    await store.createSession('test-id', {});
    expect(await store.loadSession('test-id')).toBeNull();
    expect(await store.sessionExists('test-id')).toBe(false);
    expect(await store.listSessions()).toEqual([]);
    await store.close();
  });
});
