/**
 * Leaves beside each file of a bundle what V8 has compiled of it, behind a digest of both, as `door.cjs` looks for it. Called
 * by `main.mjs`: `node warm.cjs FOLDER COMMAND…` runs a command, and keeps what that loads, with the functions that it called;
 * `node warm.cjs FOLDER` loads all files, and calls nothing.
 */
const { createHash } = require('node:crypto');
const { dirname, join } = require('node:path');
const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const [, , folder, ...command] = process.argv;
const main = join(folder, 'main.cjs');
const scripts = new Map();

require.extensions['.cjs'] = (module, filename) => {
  const source = readFileSync(filename, 'utf8');
  const isKept = filename !== main && dirname(filename) === folder && !/\bimport\(/.test(source);
  if (!isKept) return require.extensions['.js'](module, filename);
  const text = `(function (exports, require, module, __filename) {${source}\n})`;
  const script = new Script(text, { filename });
  scripts.set(filename, script);
  script.runInThisContext()(module.exports, (id) => module.require(id), module, filename);
};

process.on('exit', () => {
  for (const [file, script] of scripts) {
    const compiled = script.createCachedData();
    const digest = createHash('sha256').update(readFileSync(file)).update(compiled).digest();
    writeFileSync(`${file}.compiled`, Buffer.concat([digest, compiled]));
  }
  process.exitCode = 0;
});

if (command.length > 0) {
  process.argv = [process.execPath, main, ...command];
  require(main);
} else {
  const files = readdirSync(folder).filter((name) => name.endsWith('.cjs'));
  for (const name of files) require(join(folder, name));
}
