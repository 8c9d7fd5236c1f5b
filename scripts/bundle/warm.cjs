/**
 * Runs a command of the bundle as `door.cjs` would, and leaves beside each file what V8 has compiled of it by then, with the
 * functions that the command called, behind a digest of both. Called by `main.mjs`: `node warm.cjs FOLDER COMMAND…`.
 */
const { createHash } = require('node:crypto');
const { dirname, join } = require('node:path');
const { readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const [, , folder, ...command] = process.argv;
const main = join(folder, 'main.cjs');
const scripts = new Map();

require.extensions['.cjs'] = (module, filename) => {
  const source = readFileSync(filename, 'utf8');
  const isKept = filename !== main && dirname(filename) === folder && !/\bimport\("/.test(source);
  if (!isKept) return require.extensions['.js'](module, filename);
  const script = new Script(`(function (exports, require, module) {${source}\n})`, { filename });
  scripts.set(filename, script);
  script.runInThisContext()(module.exports, (id) => module.require(id), module);
};

process.on('exit', () => {
  for (const [file, script] of scripts) {
    const compiled = script.createCachedData();
    const digest = createHash('sha256').update(readFileSync(file)).update(compiled).digest();
    writeFileSync(`${file}.compiled`, Buffer.concat([digest, compiled]));
  }
  process.exitCode = 0;
});
process.argv = [process.execPath, main, ...command];
require(main);
