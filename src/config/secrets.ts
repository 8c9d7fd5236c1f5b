/** What of a configuration is never printed, stored or logged: keys, and the passwords in addresses. */
import { secretsIn } from '../platform/address.ts';
import { CONFIG_NAMES, type Config, VARIABLES } from './variables.ts';

export const secretsOf = (config: Partial<Config>): readonly string[] =>
  CONFIG_NAMES.flatMap((name) => {
    const value = config[name];
    if (typeof value !== 'string') return [];
    if ('secret' in VARIABLES[name]) return [value];
    return 'isAddress' in VARIABLES[name] ? secretsIn(value) : [];
  });
