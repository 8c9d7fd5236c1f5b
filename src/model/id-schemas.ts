/** Schemas of ids, for what comes from outside. Apart from the ids, because a command that checks none need not load them. */
import { z } from 'zod';
import { MAX_NAME_LENGTH } from './definition.ts';
import { ID_PATTERN } from './ids.ts';
import { TRACE_PATTERN } from './request-context.ts';

const id = z.string().regex(ID_PATTERN, 'must match ^[A-Za-z0-9_-]{1,128}$');

export const SessionId = id.brand('SessionId');
export type SessionId = z.infer<typeof SessionId>;
export const Tenant = id.brand('Tenant');
export type Tenant = z.infer<typeof Tenant>;
export const TurnId = id.brand('TurnId');
export type TurnId = z.infer<typeof TurnId>;

export const TraceId = z
  .string()
  .regex(TRACE_PATTERN, 'must be 32 lower-case hex digits, not all zero')
  .brand('TraceId');
export type TraceId = z.infer<typeof TraceId>;

/** Of a template, a task or a schedule. */
export const DefinitionName = z
  .string()
  .regex(
    new RegExp(`^[A-Za-z0-9_-]{1,${MAX_NAME_LENGTH}}$`),
    `is no name: 1-${MAX_NAME_LENGTH} letters, digits, - and _`,
  );
