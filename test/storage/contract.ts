/** What every journal must do, whatever it stands on: run by each kind's own test file. */
import { commitsContract } from './contract-commits.ts';
import { definitionsContract } from './contract-definitions.ts';
import { deletesContract } from './contract-deletes.ts';
import { duesContract } from './contract-dues.ts';
import { forksContract } from './contract-forks.ts';
import { limitsContract } from './contract-limits.ts';
import { openedContract } from './contract-opened.ts';
import { readsContract } from './contract-reads.ts';
import { talliesContract } from './contract-tallies.ts';
import type { OpenJournal } from './ground.ts';

export const journalContract = (open: OpenJournal): void => {
  commitsContract(open);
  readsContract(open);
  openedContract(open);
  definitionsContract(open);
  deletesContract(open);
  duesContract(open);
  forksContract(open);
  limitsContract(open);
  talliesContract(open);
};
