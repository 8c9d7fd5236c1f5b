/** The bus: connection, then intake, then api. */
import { supervisor } from '../src/otp/supervisor.ts';
import type { Parts } from './parts.ts';

export const nats = (_: Parts) =>
  supervisor({ id: 'nats', strategy: 'rest_for_one', children: [] });
