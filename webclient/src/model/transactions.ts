/** Names of what is on its way. */

/** A transaction id for a message written at `now` (ms). Never used twice. Spec: Client-Server API, Transaction identifiers. */
export const newTransaction = (now: number): string => `m${now}.${crypto.randomUUID().slice(0, 8)}`;

/** The row key of a message that was sent from here. */
export const localKey = (txnId: string): string => `~${txnId}`;
