#!/usr/bin/env node
/**
 * The `greenroom` program. No `await` here: its bundle (`scripts/bundle/`) is CommonJS, which has none at the top of a
 * file, and is loaded sooner for it.
 */
import { fileURLToPath } from 'node:url';

// Loaded later, so that in the bundle it is a file of its own, which can be kept compiled.
void import('./program.ts').then(({ runProgram }) => runProgram(fileURLToPath(import.meta.url)));
