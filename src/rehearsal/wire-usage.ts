/** What an answer was counted as, as the API spells it. */
export interface WireUsage {
  readonly input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation: {
    readonly ephemeral_5m_input_tokens: number;
    readonly ephemeral_1h_input_tokens: number;
  };
  readonly output_tokens: number;
  readonly output_tokens_details: { readonly thinking_tokens: number } | null;
  readonly server_tool_use: ServerRequests | null;
  readonly service_tier: string;
  readonly inference_geo: string;
  readonly speed: string;
  readonly iterations?: readonly unknown[];
}

export interface ServerRequests {
  readonly web_search_requests: number;
  readonly web_fetch_requests: number;
}
