/** Installs a package of the distribution where that needs no question: Debian and its children, as root. */
import { existsSync, readdirSync } from 'node:fs';
import { run } from './run.mjs';

/** Package downloads can hang on a bad mirror; nobody should wait longer than this, in milliseconds. */
const UPDATE_LIMIT_MS = 120_000;
const INSTALL_LIMIT_MS = 180_000;
const APT_LISTS = '/var/lib/apt/lists';
const INSTALL = ['install', '-y', '-q', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=60'];

/** A failure is told and not thrown: the caller looks whether the program is there, and says what to do. */
export const installPackage = async (aptGet, name, say) => {
  say(`${name} is not installed: installing the package of this system`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const update = () =>
    run(aptGet, ['update', '-q'], { env, limitMs: UPDATE_LIMIT_MS, quiet: true });
  const install = () =>
    run(aptGet, [...INSTALL, name], { env, limitMs: INSTALL_LIMIT_MS, quiet: true });
  const wasFresh = hasPackageLists();
  try {
    if (!wasFresh) await update();
    await install().catch(async (error) => {
      if (!wasFresh) throw error;
      await update(); // the lists were old: the version they name may be gone
      await install();
    });
  } catch (error) {
    say(`the installation failed: ${error.message}`);
  }
};

const hasPackageLists = () =>
  existsSync(APT_LISTS) && readdirSync(APT_LISTS).some((name) => name.includes('_Packages'));
