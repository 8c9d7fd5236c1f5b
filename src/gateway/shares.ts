/**
 * Room for so many things at a time, shared by tenants: none of them can take all of it. Whoever has many may fill the
 * room but for a tenth more, which is for tenants that have less than that tenth.
 */
export class Shares {
  readonly limit: number;
  readonly #reserve: number;
  readonly #counts = new Map<string, number>();
  #size = 0;

  constructor(limit: number) {
    this.limit = limit;
    this.#reserve = Math.ceil(limit / 10);
  }

  hasRoom(tenant: string): boolean {
    if (this.#size < this.limit) return true;
    if (this.#size >= this.limit + this.#reserve) return false;
    return (this.#counts.get(tenant) ?? 0) < this.#reserve;
  }

  add(tenant: string): void {
    this.#size += 1;
    this.#counts.set(tenant, (this.#counts.get(tenant) ?? 0) + 1);
  }

  remove(tenant: string): void {
    this.#size -= 1;
    const left = (this.#counts.get(tenant) ?? 0) - 1;
    if (left > 0) this.#counts.set(tenant, left);
    else this.#counts.delete(tenant);
  }
}
