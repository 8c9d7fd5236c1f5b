/**
 * Where the API would run code. An id says when its container expires, so that nothing of it has to be remembered: a request
 * that names one is judged by that alone.
 */
import type { MessageAnswer } from './answer.ts';
import type { SeenRequest } from './seen-request.ts';

const HOUR_SECONDS = 3_600;
const ID = /^container_\w+_(\d+)$/;
const TOOLS: readonly string[] = [
  ...['code_execution', 'bash_code_execution', 'text_editor_code_execution'],
];

export interface WireContainer {
  readonly id: string;
  readonly expires_at: string;
  readonly skills: null;
}

const namedIn = ({ json }: SeenRequest): string | undefined => {
  const { container } = Object(json) as { container?: unknown };
  return typeof container === 'string' ? container : undefined;
};

/** null: no code ran. One that the request names is used again, and lives as long as it would. */
export const containerOf = (
  { content, containerSeconds = HOUR_SECONDS }: MessageAnswer,
  request: SeenRequest,
): WireContainer | null => {
  const runs = content.some(
    (block) => block.type === 'server_tool_use' && TOOLS.includes(block.name),
  );
  if (!runs) return null;
  const named = namedIn(request);
  const endMs = Number(ID.exec(named ?? '')?.[1] ?? request.receivedAt + containerSeconds * 1_000);
  const id = named ?? `container_${request.bodyHash.slice(0, 20)}_${endMs}`;
  return { id, expires_at: new Date(endMs).toISOString(), skills: null };
};

/** What is said of one that is gone; undefined: it is there, or none is named. */
export const faultOfContainer = (request: SeenRequest): string | undefined => {
  const named = namedIn(request);
  const [, endMs] = ID.exec(named ?? '') ?? [];
  return endMs !== undefined && Number(endMs) <= request.receivedAt
    ? `container: Container ${String(named)} has expired.`
    : undefined;
};
