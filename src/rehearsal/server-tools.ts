/** Tools that the API runs itself, as far as their blocks go. */

/** The type of the block that answers such a tool. */
export const resultTypeOf = (name: string): string =>
  `${name.replace(/_(regex|bm25)$/, '')}${name.startsWith('tool_search_tool') ? '_result' : '_tool_result'}`;
