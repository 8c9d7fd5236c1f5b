/** Calls that are cancelled before they are made again: what they have begun elsewhere is ended, and nothing is started. */
import { expect, it } from 'vitest';
import { newHead } from '../../../src/model/head.ts';
import { sessionKey, type TurnId } from '../../../src/model/ids.ts';
import { runIdOf } from '../../../src/model/turn.ts';
import type { Input } from '../../../src/session/machine/input.ts';
import type { PermissionGround } from '../../../src/session/tools/judge.ts';
import {
  type ToolListener,
  ToolRunner,
  type ToolSources,
} from '../../../src/session/tools/tool-runner.ts';

it('a call that was lost and is cancelled is abandoned, and not begun', () => {
  const submitted: Input[] = [];
  const listener: ToolListener = {
    began: () => expect.unreachable(),
    asks: () => expect.unreachable(),
    outcome: () => expect.unreachable(),
    submit: (input) => submitted.push(input),
    reading: () => expect.unreachable(),
  };
  const abandoned: unknown[] = [];
  const toolbox = {
    tools: [],
    start: () => expect.unreachable(),
    abandon: (call: unknown) => abandoned.push(call),
  };
  const call = { toolUseId: 'x', name: 'Agent', state: 'started', run: 3, atMs: 0 } as const;
  const phase = { kind: 'tools', answerSeq: 2, run: 2, calls: [call] } as const;
  const turn = { turnId: 'a' as TurnId, phase } as unknown as ToolSources['turn'];
  const runner = new ToolRunner(listener, {} as PermissionGround);
  runner.know(turn, [{ id: 'x', name: 'Agent', input: { prompt: 'go' } }]);
  const head = newHead(sessionKey('default', 's'), 0);
  const about = { head, turn, isCancelling: true, workspace: '/w', hooks: undefined };
  const sources = { ...about, toolbox, permissionMode: 'default' } as unknown as ToolSources;
  runner.carryOut(sources);
  runner.carryOut(sources);
  expect(abandoned).toMatchObject([
    { key: head.key, turnId: 'a', toolUseId: 'x', name: 'Agent', input: { prompt: 'go' } },
  ]);
  expect(submitted).toMatchObject([
    { type: 'toolEnded', runId: runIdOf('a' as TurnId, 3), isError: true },
  ]);
});
