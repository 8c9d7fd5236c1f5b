/** Where model calls go: the Claude API with the key of the configuration, or the rehearsal child at its port of the moment. */
import type { Endpoint } from '../src/executor/models/wire.ts';
import type { System } from '../src/otp/system.ts';
import { rehearsalName } from '../src/rehearsal/child.ts';
import type { Parts } from './parts.ts';

const API_URL = 'https://api.anthropic.com';

export const endpointOf =
  ({ config, connectors }: Pick<Parts, 'config' | 'connectors'>) =>
  (system: System): Omit<Endpoint, 'provider'> | undefined => {
    const apiKey = config.anthropicApiKey ?? '';
    if (config.provider === 'anthropic')
      return { baseUrl: config.anthropicBaseUrl ?? API_URL, apiKey, connectors };
    const rehearsal = system.find(rehearsalName);
    return rehearsal && { baseUrl: rehearsal.url, apiKey: 'rehearsal', connectors };
  };
