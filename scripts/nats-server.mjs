/**
 * Gets a nats-server: finds one, or installs the distribution's package where that needs no question
 * (Debian and its children, as root); otherwise says in one sentence what to do.
 */
import { existsSync } from 'node:fs';
import { installPackage } from './apt.mjs';

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
  if (aptGet !== undefined && isRoot) await installPackage(aptGet, 'nats-server', say);
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
