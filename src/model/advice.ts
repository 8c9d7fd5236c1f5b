/** What to do about failures that only a person can mend: the same words in the log, in `send` and in `doctor`. */

/** By the code of a failed turn: the Claude API's error types, and ours. */
const NEXT_STEPS: ReadonlyMap<string, string> = new Map([
  [
    'authentication_error',
    'the Claude API does not accept the key: set a valid ANTHROPIC_API_KEY and restart the daemon; greenroom doctor tries it',
  ],
  [
    'permission_error',
    'the key may not use this: look at its workspace and its rights in the Claude Console',
  ],
  ['billing_error', 'the account cannot pay: look at its billing in the Claude Console'],
  [
    'not_found_error',
    'the Claude API does not know the model: name another one, for new sessions by GREENROOM_MODEL',
  ],
  ['request_too_large', 'the history is too long for one request: compact the session, or fork it'],
  ['rate_limit_error', 'the key has used up its rate limit: send it again later'],
  ['overloaded_error', 'the Claude API is overloaded: send it again later'],
  [
    'connection_error',
    'the Claude API cannot be reached: look at the network and ANTHROPIC_BASE_URL',
  ],
  ['timeout', 'the answer took too long: send it again, or raise CLAUDE_SDK_TIMEOUT_SECONDS'],
  ['budget_exceeded', 'raise limits.maxCostUsd of the session, or begin another session'],
  ['internal', 'a bug: the crash report is in the log'],
]);

/** What to do about a turn that failed with this code; undefined where its message says all. */
export const nextStepOf = (code: string): string | undefined => NEXT_STEPS.get(code);

/** A setting with which turns will fail, or cost nobody knows what. */
export interface SettingWarning {
  readonly finding: string;
  readonly nextStep: string;
}

export interface ModelSettings {
  readonly provider: 'anthropic' | 'rehearsal';
  readonly hasKey: boolean;
  readonly model: string;
  /** Whether the price table has the model. */
  readonly isKnown: boolean;
}

/** What is wrong with the settings of model calls, as far as it shows without asking anybody. */
export const modelWarnings = (settings: ModelSettings): readonly SettingWarning[] => {
  const { provider, hasKey, model, isKnown } = settings;
  return [
    ...(provider === 'anthropic' && !hasKey
      ? [
          {
            finding: 'the provider is anthropic and there is no key: every turn will fail',
            nextStep: 'set ANTHROPIC_API_KEY and restart the daemon',
          },
        ]
      : []),
    ...(isKnown
      ? []
      : [
          {
            finding: `the model ${model} is not in the price table: it may be misspelt, and what its turns cost is unknown`,
            nextStep: 'correct GREENROOM_MODEL, or update Greenroom if the model is new',
          },
        ]),
  ];
};
