/** Schedules as they are stored. */
import type { StoredSchedule } from '../tasks/records.ts';
import { Definitions } from './definitions.ts';

export const schedules = new Definitions<StoredSchedule>('schedule');
