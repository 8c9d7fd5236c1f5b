/**
 * Stands at the head of the bundle's `main.cjs`: loads its other files as V8 left them compiled when they were built
 * (`warm.cjs`), in the file of that name with `.compiled` behind it. What another Node or other flags have compiled V8 refuses,
 * and what is missing is compiled as ever. V8 looks neither into what was kept nor at more of the text than its length: of
 * another text it runs, and of a broken file it dies. So a digest of both stands before it. A file that imports from outside the bundle is never kept: in what was kept, Node
 * has no loader for it. The daemon's bundle beside this one is loaded so too.
 */
{
  const { createHash } = require('node:crypto');
  const { dirname } = require('node:path');
  const { readFileSync } = require('node:fs');
  const { Script } = require('node:vm');

  const DIGEST_BYTES = 32;

  const compiledBefore = (file, source) => {
    try {
      const kept = readFileSync(`${file}.compiled`);
      const compiled = kept.subarray(DIGEST_BYTES);
      const digest = createHash('sha256').update(source).update(compiled).digest();
      return digest.equals(kept.subarray(0, DIGEST_BYTES)) ? compiled : undefined;
    } catch {
      return undefined;
    }
  };

  require.extensions['.cjs'] ??= (module, filename) => {
    const isOurs = dirname(dirname(filename)) === dirname(__dirname);
    const source = isOurs ? readFileSync(filename) : undefined;
    const cachedData = source && compiledBefore(filename, source);
    if (cachedData === undefined) return require.extensions['.js'](module, filename);
    const text = `(function (exports, require, module, __filename) {${source}\n})`;
    const script = new Script(text, { filename, cachedData });
    script.runInThisContext()(module.exports, (id) => module.require(id), module, filename);
  };
}
