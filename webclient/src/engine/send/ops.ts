/** What was asked to be sent and has not come back with the stream yet: one record on disk each. */
import type { Json } from '../../model/events';
import type { ErrorInfo } from '../../store/contract';
import { failure } from '../api/http';
import type { Method } from '../api/methods';

/** A file that belongs to a message; its bytes lie in the store `blobs` until the message came back. */
export interface Attachment {
  readonly blob: string;
  /** Where in the content its address goes. */
  readonly into: 'url' | 'thumbnail_url';
  readonly name: string;
  readonly size: number;
  /** null until it is uploaded. */
  readonly mxc: string | null;
}

export interface Op {
  readonly txnId: string;
  readonly roomId: string;
  /** Place in the queue; greater is later. */
  readonly order: number;
  /** `vote`: also the end of a poll. */
  readonly kind: 'message' | 'edit' | 'reaction' | 'vote' | 'redaction';
  /** The event it changes; null for a message. */
  readonly target: string | null;
  readonly type: string;
  readonly content: Json;
  readonly ts: number;
  /** `sent`: the server has it, its echo is still to come. */
  readonly state: 'queued' | 'sending' | 'sent' | 'failed';
  readonly eventId: string | null;
  readonly error: ErrorInfo | null;
  readonly attachments?: readonly Attachment[];
}

export { localKey } from '../../model/transactions';

/** The call that an op makes. */
export function wire(op: Op): [Method, Json] {
  if (op.kind === 'redaction') {
    if (op.target === null) {
      throw failure('BAD_ANSWER', 'nothing to take back');
    }
    return ['redact', { room_id: op.roomId, event_id: op.target, txn_id: op.txnId, ...op.content }];
  }
  return ['send', { room_id: op.roomId, type: op.type, txn_id: op.txnId, content: op.content }];
}
