/** A value with its name, as charts show it. */
export interface Bar {
  readonly label: string;
  readonly value: number;
}
