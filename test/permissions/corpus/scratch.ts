/**
 * A folder in which lines of shell really run: `work` with files, links, a repository and traps; `outside`, where
 * nothing may appear; `elsewhere`, a repository whose settings run a program. Under bubblewrap where it is installed.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { FileSystem } from '../../../src/permissions/paths.ts';

const HAS_BUBBLEWRAP = spawnSync('bwrap', ['--version'], { stdio: 'ignore' }).status === 0;
/** Nothing waited for takes so long; a line that hangs is ended with all that it started. */
const LIMIT_MS = 20_000;

export const realFiles: FileSystem = {
  readLink: (path) =>
    lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
      ? readlinkSync(path)
      : undefined,
};

export class Scratch {
  readonly work: string;
  readonly marker: string;
  readonly home: string;
  readonly #root: string;
  readonly #template: string;

  constructor(root: string) {
    this.#root = root;
    this.work = join(root, 'work');
    this.home = join(root, 'home');
    this.marker = join(root, 'outside', 'marker');
    this.#template = join(root, 'template');
    for (const folder of ['home', 'outside', 'elsewhere', 'template'])
      mkdirSync(join(root, folder), { recursive: true });
    this.#furnish();
  }

  #furnish(): void {
    const trap = `#!/bin/sh\n/usr/bin/touch ${this.marker}\n`;
    const put = (path: string, text: string) => writeFileSync(join(this.#template, path), text);
    for (const folder of ['bin', 'gitbin', 'dash', 'sub']) mkdirSync(join(this.#template, folder));
    put('f', 'a\nb\n');
    put('f2', 'c\n');
    put('good.py', '');
    put('good.pl', '');
    put('good.cjs', '');
    put('big', `${'some text that is to be sorted\n'.repeat(4_000)}`);
    put('dash/-fprint', '');
    put('evil.sed', `1e /usr/bin/touch ${this.marker}\n`);
    put('evil.awk', `BEGIN { system("/usr/bin/touch ${this.marker}") }\n`);
    put('evil.cjs', `require('fs').writeFileSync(${JSON.stringify(this.marker)}, '');\n`);
    put('evil.pm', `open(F, ">${this.marker}"); 1;\n`);
    put('sitecustomize.py', `open(${JSON.stringify(this.marker)}, 'w')\n`);
    put('sshrc', `Host x\n  ProxyCommand ${join(this.work, 'evil')}\n`);
    for (const path of ['evil', 'bin/ls', 'bin/git', 'gitbin/git-evil']) {
      put(path, trap);
      chmodSync(join(this.#template, path), 0o755);
    }
    symlinkSync('../outside', join(this.#template, 'link'));
    symlinkSync('../outside/marker', join(this.#template, 'dangling'));
    symlinkSync('../../elsewhere', join(this.#template, 'sub/link2'));
    this.#repository(this.#template, ['alias.zz', `!${join(this.work, 'evil')}`]);
    this.#repository(join(this.#root, 'elsewhere'), ['core.fsmonitor', join(this.work, 'evil')]);
  }

  #repository(folder: string, [key, value]: readonly [string, string]): void {
    writeFileSync(join(folder, 'f'), 'a\n');
    const git = (...args: readonly string[]) =>
      execFileSync(
        'git',
        ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args],
        {
          stdio: 'ignore',
          env: this.#environment,
        },
      );
    git('init', '-q', '--template=');
    git('add', 'f');
    git('commit', '-qm', 'one');
    writeFileSync(join(folder, 'f'), 'a\nb\n');
    git('commit', '-qam', 'two');
    writeFileSync(join(folder, 'f'), 'a\nb\nc\n');
    git('config', key, value);
  }

  get #environment(): NodeJS.ProcessEnv {
    return {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: this.home,
      LANG: 'C',
      GIT_CONFIG_NOSYSTEM: '1',
    };
  }

  /** As it was in the beginning. */
  restore(): void {
    rmSync(join(this.#root, 'outside'), { recursive: true, force: true });
    mkdirSync(join(this.#root, 'outside'));
    rmSync(this.work, { recursive: true, force: true });
    cpSync(this.#template, this.work, { recursive: true, verbatimSymlinks: true });
  }

  /** Runs a line as the tool does, and says whether the marker has appeared. */
  async acts(line: string): Promise<boolean> {
    await this.run(line);
    return lstatSync(this.marker, { throwIfNoEntry: false }) !== undefined;
  }

  async run(line: string, environment: NodeJS.ProcessEnv = {}): Promise<void> {
    const bash = ['bash', '--noprofile', '--norc', '-c', line];
    const [program = 'bash', ...args] = HAS_BUBBLEWRAP ? [...this.#bubblewrap(), ...bash] : bash;
    const child = spawn(program, args, {
      ...{ cwd: this.work, stdio: 'ignore', detached: true },
      env: { ...this.#environment, ...environment },
    });
    const { pid } = child;
    const end = () => {
      try {
        if (pid !== undefined) process.kill(-pid, 'SIGKILL');
      } catch {
        // All of it has ended.
      }
    };
    const limit = setTimeout(end, LIMIT_MS);
    await new Promise((resolve) => child.once('close', resolve).once('error', resolve));
    clearTimeout(limit);
    end();
  }

  #bubblewrap(): readonly string[] {
    return [
      ...[
        'bwrap',
        '--ro-bind',
        '/',
        '/',
        '--dev',
        '/dev',
        '--proc',
        '/proc',
        '--bind',
        this.#root,
        this.#root,
      ],
      ...['--unshare-net', '--unshare-pid', '--die-with-parent', '--chdir', this.work],
    ];
  }
}
