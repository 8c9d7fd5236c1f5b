/** `GREENROOM_FULL=1`: everything in full size. */
export const isFull = (): boolean => process.env['GREENROOM_FULL'] === '1';
