/** What the older guide's programs send: snake_case, each field with the guide's default, and none that it does not have. */
import { z } from 'zod';
import { codeOf, GreenroomError } from '../../model/errors.ts';
import { given } from '../../model/given.ts';
import { checked } from '../../model/parse.ts';
import { MODES } from '../../model/words.ts';
import { COMPRESSIONS } from '../../session/ports/archives.ts';

const text = z.string().nullable().optional();
const texts = z.array(z.string()).nullable().optional();
const json = z.record(z.string(), z.unknown());

export const CreateRequest = z.strictObject({
  template_id: text,
  name: z.string().max(255).nullable().optional(),
  description: text,
  mode: z.enum(MODES).nullable().optional(),
  parent_session_id: text,
  fork_at_message: z.int().min(0).nullable().optional(),
  working_directory: text,
  allowed_tools: texts,
  system_prompt: text,
  sdk_options: json.nullable().optional(),
  include_partial_messages: z.boolean().nullable().optional(),
  max_retries: z.int().nullable().optional(),
  retry_delay: z.number().nullable().optional(),
  timeout_seconds: z.int().nullable().optional(),
  hooks_enabled: texts,
  permission_mode: text,
  custom_policies: texts,
  metadata: json.nullable().optional(),
});
export type CreateRequest = z.output<typeof CreateRequest>;

export const ForkRequest = z.strictObject({
  name: z.string().max(255).nullable().optional(),
  fork_at_message: z.int().min(0).nullable().optional(),
  include_working_directory: z.boolean().default(true),
});
export type ForkRequest = z.output<typeof ForkRequest>;

export const ArchiveRequest = z.strictObject({
  upload_to_s3: z.boolean().nullable().optional(),
  compression: z.enum(COMPRESSIONS).nullable().optional(),
});

const limit = z.coerce.number().int().min(1).max(1_000).default(100);

export const ListQuery = z.strictObject({
  mode: z.enum(MODES).optional(),
  status: z.string().optional(),
  parent_session_id: z.string().optional(),
  limit,
  offset: z.coerce.number().int().min(0).max(10_000).default(0),
});
export const HooksQuery = z.strictObject({ hook_type: z.string().optional(), limit });
export const PermissionsQuery = z.strictObject({
  decision: z.enum(['allow', 'deny']).optional(),
  limit,
});
export const LimitQuery = z.strictObject({ limit });

/** Throws 422 for whatever is wrong, as the guide's server does. */
export const taken = <T extends z.ZodType>(schema: T, value: unknown): z.output<T> => {
  try {
    return checked(schema, value, 'invalid_settings');
  } catch (error) {
    if (codeOf(error) !== 'invalid_request') throw error;
    const { message, details } = error as GreenroomError;
    throw new GreenroomError('invalid_settings', message, details === undefined ? {} : { details });
  }
};

const BUILT_IN = ['FileAccessPolicy', 'CommandPolicy'] as const;

export const ownPolicies = (policies: readonly string[] | undefined): readonly string[] =>
  (policies ?? []).filter((each) => !(BUILT_IN as readonly string[]).includes(each));

/** In the metadata of a session: the options as they came. */
export const SDK_OPTIONS = 'sdk_options';

/** The settings of our own that these are. Of lists none is said by an empty one; what is null is not said. */
export const settingsOf = (request: CreateRequest): Readonly<Record<string, unknown>> => {
  const { sdk_options: options, metadata, custom_policies: policies } = request;
  const kept =
    options === null || options === undefined ? metadata : { ...metadata, [SDK_OPTIONS]: options };
  return given({
    templateId: request.template_id ?? undefined,
    title: request.name ?? undefined,
    description: request.description ?? undefined,
    mode: request.mode ?? undefined,
    workingDirectory: request.working_directory ?? undefined,
    allowedTools: listed(request.allowed_tools),
    systemPrompt: request.system_prompt ?? undefined,
    includePartialMessages: request.include_partial_messages ?? false,
    retry: retryOf(request),
    hooks: listed(request.hooks_enabled),
    permissionMode: request.permission_mode ?? undefined,
    // They stand beside the built-in ones: an empty list switches nothing off.
    policies: policies?.length ? [...BUILT_IN, ...ownPolicies(policies)] : undefined,
    metadata: kept ?? undefined,
    ...applied(options ?? {}),
  });
};

const listed = (list: readonly string[] | null | undefined): readonly string[] | undefined =>
  list === null || list?.length === 0 ? undefined : list;

const retryOf = ({
  max_retries: retries,
  retry_delay: delay,
  timeout_seconds: timeout,
}: CreateRequest) => {
  const retry = given({
    maxRetries: retries ?? undefined,
    delayMs: delay === null || delay === undefined ? undefined : Math.round(delay * 1_000),
    timeoutMs: timeout === null || timeout === undefined ? undefined : timeout * 1_000,
  });
  return Object.keys(retry).length === 0 ? undefined : retry;
};

/** What of the options has an effect. */
const applied = (options: Readonly<Record<string, unknown>>) => {
  const { model, max_turns: maxTurns, max_tokens: maxTokens } = options;
  return {
    model: model ?? undefined,
    maxTokens: maxTokens ?? undefined,
    limits: maxTurns === undefined || maxTurns === null ? undefined : { maxTurns },
  };
};
