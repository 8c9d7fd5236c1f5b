/** HTTP that is not where it is looked for: people and programs that know the usual port meet another program there. */
import { httpName } from '../http/http-server.ts';
import type { SettingWarning } from '../model/advice.ts';
import type { System } from '../otp/system.ts';

export const movedHttp = (system: Pick<System, 'find'>): readonly SettingWarning[] => {
  const { url, insteadOf } = system.find(httpName) ?? {};
  if (insteadOf === undefined) return [];
  return [
    {
      finding: `port ${insteadOf} is taken by another program: HTTP is at ${url}`,
      nextStep: `end that program and restart the daemon, or name a port with GREENROOM_HTTP_PORT`,
    },
  ];
};
