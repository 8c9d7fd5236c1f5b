/** The bounds as schemas. Apart from the bounds, because the threads that count usage should not load a library for schemas. */
import { z } from 'zod';
import { isPlausibleMoment, MAX_COUNT, MAX_NANO_USD, MAX_USD } from './bounds.ts';

export const PlausibleMs = z
  .number()
  .refine(isPlausibleMoment, 'is no plausible moment: expected 1970 to 2099');
export const PlausibleCount = z.int().min(0).max(MAX_COUNT);
export const PlausibleNanoUsd = z.int().min(0).max(MAX_NANO_USD);
export const PlausibleUsd = z.number().min(0).max(MAX_USD);
