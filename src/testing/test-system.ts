/** A system for one test: time stands until the test moves it, and reports are kept instead of printed. */
import type { Report } from '../otp/report.ts';
import { System } from '../otp/system.ts';
import { type VirtualClock, virtualClock } from '../otp/virtual-clock.ts';

export interface TestSystem {
  readonly system: System;
  readonly clock: VirtualClock;
  /** Crashes, restarts and what else the system said so far, oldest first. */
  readonly reports: readonly Report[];
}

export function testSystem(): TestSystem {
  const clock = virtualClock();
  const reports: Report[] = [];
  const system = new System({ clock, onReport: (report) => void reports.push(report) });
  return { system, clock, reports };
}
