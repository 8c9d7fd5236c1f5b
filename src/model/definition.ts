/**
 * Definitions: what a tenant keeps besides its sessions, each under a name of its kind. They are small records, and live
 * until they are deleted. What stands in them says the room that they belong to (`src/session/tasks/`).
 */
import type { Tenant } from './ids.ts';

/** They stand in keys: never rename one. */
export const DEFINITION_KINDS = ['template', 'task', 'schedule', 'archive', 'backup'] as const;
export type DefinitionKind = (typeof DEFINITION_KINDS)[number];
/** Of these, what people make by saying what it is to be. */
export type PutKind = Exclude<DefinitionKind, 'archive' | 'backup'>;

/** Longest name of a definition: with `task:` before it, it is a tag. */
export const MAX_NAME_LENGTH = 50;

export interface DefinitionKey {
  readonly tenant: Tenant;
  readonly kind: DefinitionKind;
  readonly name: string;
}

/** A definition as it is stored; `version` counts its changes, from 1. */
export interface Definition {
  readonly key: DefinitionKey;
  readonly version: number;
  /** When it is due; absent: never. */
  readonly dueMs?: number | undefined;
  readonly record: Readonly<Record<string, unknown>>;
}

/** How a definition is called where sessions are: no session's id begins with a dot. */
export const idOfDefinition = (kind: DefinitionKind, name: string): string => `.${kind}.${name}`;

const ID = /^\.([a-z]+)\.([A-Za-z0-9_-]+)$/;

/** The other way; undefined: it is a session's. */
export const definitionOf = ({
  tenant,
  sessionId,
}: {
  readonly tenant: string;
  readonly sessionId: string;
}): DefinitionKey | undefined => {
  const [, kind, name] = ID.exec(sessionId) ?? [];
  return kind === undefined || name === undefined
    ? undefined
    : { tenant: tenant as Tenant, kind: kind as DefinitionKind, name };
};
