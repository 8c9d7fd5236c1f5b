/** A line of the log about the log itself, in the form of the others. */
export const ownLine = (fields: object, msg: string): string => {
  // biome-ignore lint/plugin: the log's lines carry the real time, as the others of pino
  const time = new Date().toISOString();
  return `${JSON.stringify({ level: 'warn', time, pid: process.pid, ...fields, msg })}\n`;
};

export const lostLine = (lost: number, why: string): string =>
  ownLine({ lost }, `${lost} lines of this log could not be written: ${why}`);
