/** What was asked to be sent and has not come back with the stream yet: one record on disk each. */
import type { Json } from '../../model/events';
import type { ErrorInfo } from '../../store/contract';

export interface Op {
  readonly txnId: string;
  readonly roomId: string;
  /** Place in the queue; greater is later. */
  readonly order: number;
  readonly kind: 'message' | 'edit' | 'reaction' | 'redaction';
  /** The event it changes; null for a message. */
  readonly target: string | null;
  readonly type: string;
  readonly content: Json;
  readonly ts: number;
  /** `sent`: the server has it, its echo is still to come. */
  readonly state: 'queued' | 'sending' | 'sent' | 'failed';
  readonly eventId: string | null;
  readonly error: ErrorInfo | null;
}

/** The row key of a message that was sent from here. */
export function localKey(txnId: string): string {
  return `~${txnId}`;
}
