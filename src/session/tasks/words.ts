/** Words of schedules, apart from the schemas that are made of them: the command line needs the words alone. */

/** What becomes of runs that were missed. */
export const MISFIRES = ['skip', 'once', 'catchUp'] as const;
/** What becomes of a run while the one before has not ended. */
export const OVERLAPS = ['skip', 'wait', 'allow'] as const;
