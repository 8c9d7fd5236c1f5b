/** Where HTTP is looked for, unless a port is named. */
export const USUAL_HTTP_PORT = 4280;
