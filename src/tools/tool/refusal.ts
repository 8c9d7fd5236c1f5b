/** Why a tool does not do what it was asked for. The text is for the model: what is wrong, and what to do instead. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
