/** A setting that cannot be used: the message names it, its value's problem and what to write instead. */
export class ConfigError extends Error {
  readonly code = 'invalid_settings';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConfigError';
  }
}
