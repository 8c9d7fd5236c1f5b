/**
 * What lasts as long as a test file and is made on the way: it registers its end here. `test/support/setup.ts` runs
 * the ends behind the file's last test, also where several files share a worker and so its modules.
 */
type End = () => Promise<void>;

const ends: End[] = [];

export const atFileEnd = (end: End): void => {
  ends.push(end);
};

export const endFile = async (): Promise<void> => {
  for (const end of ends.splice(0).reverse()) await end();
};
