/** The state of a session or a turn, as a word with a colour of its own: never the colour alone. */
const TONES: Readonly<Record<string, string>> = {
  running: 'busy',
  waiting: 'wait',
  queued: 'wait',
  delayed: 'wait',
  idle: 'calm',
  created: 'calm',
  completed: 'good',
  done: 'good',
  failed: 'bad',
  parked: 'bad',
  interrupted: 'bad',
  terminated: 'bad',
  cancelled: 'calm',
  archived: 'calm',
};

export const Status = ({ of }: { readonly of: string }) => (
  <span class={`status ${TONES[of] ?? 'calm'}`}>{of}</span>
);
