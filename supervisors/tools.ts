/** Where tools run. The toolbox ends with the threads that it gives calls to: so a session whose call is lost learns it from one DOWN. */
import { supervisor } from '../src/otp/supervisor.ts';
import { ToolboxServer } from '../src/tools/toolbox.ts';
import {
  fileTools,
  fileToolsName,
  ToolsPool,
  webTools,
  webToolsName,
} from '../src/tools/tools-pool.ts';
import type { Parts } from './parts.ts';

export const tools = ({ config }: Pick<Parts, 'config'>) =>
  supervisor({
    id: 'tools',
    strategy: 'rest_for_one',
    maxRestarts: 3,
    maxSeconds: 5,
    children: [
      ToolsPool.childSpec(fileTools, { id: 'files' }), // threads for tools that read and write files
      ToolsPool.childSpec(webTools({ privateHosts: config.webPrivateHosts?.split(',') ?? [] }), {
        id: 'web',
      }), // a thread for tools that wait for the network
      ToolboxServer.childSpec(
        { runners: (system) => [system.fetch(fileToolsName), system.fetch(webToolsName)] },
        { id: 'toolbox' },
      ), // gives each call to one of these
    ],
  });
