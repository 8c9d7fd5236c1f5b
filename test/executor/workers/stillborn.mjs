/** A worker for tests that dies before it takes a step. */
export const serve = () => process.exit(7);
