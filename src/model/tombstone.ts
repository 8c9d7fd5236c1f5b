/** How long a tombstone keeps a late redelivery from bringing a session back. */
export const TOMBSTONE_MS = 30 * 24 * 3_600_000;
