/** One line of `greenroom doctor`. */
export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  /** What was found. */
  readonly finding: string;
  /** What to do about it. */
  readonly nextStep?: string;
}

export const ok = (name: string, finding: string): Check => ({ name, status: 'ok', finding });

export const warn = (name: string, finding: string, nextStep: string): Check => ({
  name,
  status: 'warn',
  finding,
  nextStep,
});

export const fail = (name: string, finding: string, nextStep: string): Check => ({
  name,
  status: 'fail',
  finding,
  nextStep,
});
