/** The actor runtime's door for users of the package: `greenroom/otp`. Inside `src`, import the single files. */

export { deleteChild, restartChild, startChild, terminateChild } from './administration.ts';
export {
  type ChildCounts,
  type ChildInfo,
  childSpecOf,
  countChildren,
  whichChildren,
} from './child-info.ts';
export type {
  AutoShutdown,
  ChildOptions,
  ChildSpec,
  Place,
  Restart,
} from './child-spec.ts';
export type { Clock, Timer } from './clock.ts';
export {
  type DuplicateRegistryFace,
  type DuplicateRegistryOptions,
  duplicateRegistry,
  type RegistryEntry,
} from './duplicate-registry.ts';
export {
  type Backoff,
  type DynamicChild,
  type DynamicOptions,
  type DynamicRef,
  dynamicSupervisor,
} from './dynamic-supervisor.ts';
export { describeReason, type ExitReason, type ExitSignal, isAbnormal } from './exit-reason.ts';
export {
  type Behaviour,
  type CallResult,
  type DownMessage,
  type ExitMessage,
  type GenServer,
  genServer,
  type NamedOptions,
  type NoReply,
  noreply,
  type Reply,
  type ReplyAfter,
  type Result,
  reply,
  replyAfter,
  type StartOptions,
  type Stop,
  stop,
} from './gen-server.ts';
export { type Inspection, type TreeNode, walk } from './inspect.ts';
export type { From } from './message.ts';
export { type Name, nameOf } from './name.ts';
export { onlyIf } from './only-if.ts';
export { OtpError, type OtpErrorCode, type OtpErrorDetails } from './otp-error.ts';
export type { Command } from './outside-program.ts';
export { type PortOptions, portServer, type RunningProgram } from './port.ts';
export type { StartResult } from './process.ts';
export { IGNORE, type Shutdown, type SlotStatus } from './program.ts';
export {
  type CallName,
  type CastName,
  type CastOf,
  type ContinueName,
  type ContinueOf,
  type Info,
  type InfoName,
  type InfoOf,
  type Protocol,
  protocol,
  type ReplyOf,
  type RequestOf,
} from './protocol.ts';
export type { ActorRef, CallOptions, Ref } from './ref.ts';
export { type RegistryFace, type RegistryOptions, registry } from './registry.ts';
export { formatReport, type MessageView, type Report } from './report.ts';
export type { Runnable, RunQueue } from './scheduler.ts';
export type { MonitorRef, Self } from './self.ts';
export {
  type Strategy,
  type SupervisorOptions,
  type SupervisorRef,
  startTree,
  supervisor,
} from './supervisor.ts';
export { System, type SystemOptions } from './system.ts';
export { systemClock, systemRandom } from './system-clock.ts';
export {
  type AsyncOptions,
  type StreamOptions,
  type Task,
  type TaskOptions,
  type TaskOutcome,
  type TaskRunner,
  type TaskSupervisorOptions,
  type TimeLimit,
  task,
  taskSupervisor,
  type Work,
} from './task.ts';
export type { Release } from './ties.ts';
export type { TraceEvent, TraceListener } from './trace.ts';
export { type VirtualClock, virtualClock } from './virtual-clock.ts';
