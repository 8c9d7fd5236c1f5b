/** The name under which the runner of shell commands is found. */
import { nameOf } from '../../otp/name.ts';
import type { ToolRunner } from '../tool/runner.ts';

export const commandsName = nameOf<ToolRunner>('commands');
