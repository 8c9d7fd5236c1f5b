/** A request's JSON before it is known to be one: any object, with the fields that some rule reads. */

export interface Json {
  readonly type?: unknown;
  readonly model?: unknown;
  readonly max_tokens?: unknown;
  readonly messages?: unknown;
  readonly system?: unknown;
  readonly tools?: unknown;
  readonly tool_choice?: unknown;
  readonly thinking?: unknown;
  readonly budget_tokens?: unknown;
  readonly output_config?: unknown;
  readonly effort?: unknown;
  readonly format?: unknown;
  readonly schema?: unknown;
  readonly input_schema?: unknown;
  readonly defer_loading?: unknown;
  readonly cache_control?: unknown;
  readonly ttl?: unknown;
  readonly diagnostics?: unknown;
  readonly context_management?: unknown;
  readonly edits?: unknown;
  readonly trigger?: unknown;
  readonly allowed_domains?: unknown;
  readonly max_uses?: unknown;
  readonly mcp_servers?: unknown;
  readonly mcp_server_name?: unknown;
  readonly url?: unknown;
  readonly configs?: unknown;
  readonly default_config?: unknown;
  readonly blocked_domains?: unknown;
  readonly keep?: unknown;
  readonly value?: unknown;
  readonly previous_message_id?: unknown;
  readonly role?: unknown;
  readonly content?: unknown;
  readonly text?: unknown;
  readonly source?: unknown;
  readonly media_type?: unknown;
  readonly data?: unknown;
  readonly signature?: unknown;
  readonly id?: unknown;
  readonly name?: unknown;
  readonly tool_name?: unknown;
  readonly description?: unknown;
  readonly input?: unknown;
  readonly tool_use_id?: unknown;
  readonly is_error?: unknown;
}

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The objects of a list; none of what is no list. */
export const objectsOf = (value: unknown): readonly Json[] =>
  Array.isArray(value) ? value.filter(isObject) : [];
