/** Where model calls go: the Claude API with the key of the configuration, or the rehearsal child at its port of the moment. */
import type { Config } from '../src/config/config.ts';
import type { System } from '../src/otp/system.ts';
import { rehearsalName } from '../src/rehearsal/child.ts';

const API_URL = 'https://api.anthropic.com';

export const endpointOf =
  (config: Config) =>
  (system: System): { readonly baseUrl: string; readonly apiKey: string } | undefined => {
    if (config.provider === 'anthropic')
      return { baseUrl: config.anthropicBaseUrl ?? API_URL, apiKey: config.anthropicApiKey ?? '' };
    const rehearsal = system.find(rehearsalName);
    return rehearsal && { baseUrl: rehearsal.url, apiKey: 'rehearsal' };
  };
