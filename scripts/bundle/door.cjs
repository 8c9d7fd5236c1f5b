/**
 * Stands at the head of the bundle's `main.cjs`: loads its other files as V8 left them compiled when they were built
 * (`warm.cjs`), in the file of that name with `.compiled` behind it. What another Node or other flags have compiled V8 refuses,
 * and what is missing is compiled as ever. A file that imports from outside the bundle is never kept: in what was kept, Node
 * has no loader for it.
 */
{
  const { dirname } = require('node:path');
  const { readFileSync } = require('node:fs');
  const { Script } = require('node:vm');

  const compiledBefore = (file) => {
    try {
      return readFileSync(`${file}.compiled`);
    } catch {
      return undefined;
    }
  };

  require.extensions['.cjs'] ??= (module, filename) => {
    const cachedData = dirname(filename) === __dirname ? compiledBefore(filename) : undefined;
    if (cachedData === undefined) return require.extensions['.js'](module, filename);
    const text = `(function (exports, require, module) {${readFileSync(filename, 'utf8')}\n})`;
    const script = new Script(text, { filename, cachedData });
    script.runInThisContext()(module.exports, (id) => module.require(id), module);
  };
}
