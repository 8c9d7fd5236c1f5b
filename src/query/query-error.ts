/** What is wrong with a query, and where. */
import { GreenroomError } from '../model/errors.ts';

/** `invalid_criteria` with the column, from 1, in the message and in `details`. */
export const queryError = (column: number, what: string): GreenroomError =>
  new GreenroomError('invalid_criteria', `column ${column}: ${what}`, { details: { column } });
