/**
 * Gets a nats-server: finds one, or installs the distribution's package where that needs no question
 * (Debian and its children, as root); otherwise says in one sentence what to do.
 */
import { existsSync, readdirSync } from 'node:fs';
import { run } from './run.mjs';

/** Package downloads can hang on a bad mirror; nobody should wait longer than this, in milliseconds. */
const UPDATE_LIMIT_MS = 120_000;
const INSTALL_LIMIT_MS = 180_000;
const APT_LISTS = '/var/lib/apt/lists';

/** Resolves when there is a nats-server; rejects with the sentence. */
export const provideNatsServer = async ({ findProgram, configured, isRoot, say }) => {
  if (configured !== undefined) {
    if (existsSync(configured)) return configured;
    throw new Error(
      `NATS_SERVER_BIN names ${configured}, where nothing is: correct it, or unset it.`,
    );
  }
  const found = findProgram('nats-server');
  if (found !== undefined) return found;
  const aptGet = findProgram('apt-get');
  if (aptGet !== undefined && isRoot) await installPackage(aptGet, say);
  const installed = findProgram('nats-server');
  if (installed === undefined) throw new Error(whatToDo(aptGet !== undefined && !isRoot));
  return installed;
};

const whatToDo = (mayUseSudo) => {
  const rest = 'or set NATS_URL to use a broker of your own';
  if (process.platform === 'darwin')
    return `Greenroom needs nats-server: run "brew install nats-server", ${rest}.`;
  if (mayUseSudo)
    return `Greenroom needs nats-server: run "sudo apt-get install nats-server", ${rest}.`;
  return (
    'Greenroom needs nats-server 2.9 or newer: download it from the releases page of the ' +
    `nats-server project and put it on the PATH (or name it in NATS_SERVER_BIN), ${rest}.`
  );
};

/** A failure is told and not thrown: the caller looks whether the program is there, and says what to do. */
const installPackage = async (aptGet, say) => {
  say('nats-server is not installed: installing the package of this system');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const update = () =>
    run(aptGet, ['update', '-q'], { env, limitMs: UPDATE_LIMIT_MS, quiet: true });
  const install = () =>
    run(
      aptGet,
      [
        'install',
        '-y',
        '-q',
        '--no-install-recommends',
        '-o',
        'DPkg::Lock::Timeout=60',
        'nats-server',
      ],
      { env, limitMs: INSTALL_LIMIT_MS, quiet: true },
    );
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
