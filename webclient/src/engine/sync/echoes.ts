/** The end of a local op: its event came back with the stream. It is found by transaction id, or else by event id. */
import { type MatrixEvent, object, textOrNull } from '../../model/events';
import { localKey, type Op } from '../send/ops';
import type { Account } from './account';
import type { Changes } from './changes';

export function dropEchoed(account: Account, roomId: string, events: readonly MatrixEvent[], changes: Changes): void {
  for (const event of events) {
    if (event.sender !== account.me) {
      continue;
    }
    const txnId = textOrNull(object(event.unsigned).transaction_id);
    const op = (txnId === null ? undefined : account.ops.get(txnId)) ?? opWithEvent(account, roomId, event.event_id);
    if (op !== undefined && op.roomId === roomId) {
      dropOp(account, op, changes);
      account.keys.set(event.event_id, op.kind === 'message' ? localKey(op.txnId) : event.event_id);
    }
  }
}

/** After a gap: what the server took but did not show lies in the gap, and its echo will not come. */
export function dropLost(account: Account, roomId: string, changes: Changes): void {
  for (const op of account.opsOf(roomId)) {
    if (op.state === 'sent') {
      dropOp(account, op, changes);
    }
  }
}

export function dropOp(account: Account, op: Op, changes: Changes): void {
  account.ops.delete(op.txnId);
  account.uploaded.delete(op.txnId);
  changes.delete('outbox', op.txnId);
  for (const { blob } of op.attachments ?? []) {
    changes.delete('blobs', blob);
  }
  changes.rooms.add(op.roomId);
  changes.event(op.roomId, op.target ?? localKey(op.txnId));
}

function opWithEvent(account: Account, roomId: string, eventId: string): Op | undefined {
  return account.opsOf(roomId).find((op) => op.eventId === eventId);
}
