/** The version of this package, the one of its package.json: written here, so that a bundled program needs no file. */
export const version = '0.1.0';
