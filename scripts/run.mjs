/** Runs a program to its end. Rejects with its last words where it fails or takes too long. */
import { spawn } from 'node:child_process';

const KEPT_CHARACTERS = 4_000;

/** `quiet` shows the output only in the error; `limitMs` ends the program, 0 = no limit. */
export const run = (command, args, { cwd, env, limitMs = 0, quiet = false } = {}) =>
  new Promise((resolve, reject) => {
    const stdio = quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'];
    const child = spawn(command, args, { cwd, env, stdio, timeout: limitMs });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-KEPT_CHARACTERS);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(undefined);
      const how = signal === null ? `exit code ${code}` : `ended by ${signal}`;
      return reject(new Error(`${command} ${args.join(' ')}: ${how}\n${output}`.trim()));
    });
  });
