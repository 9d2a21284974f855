/** What only members may do. */
import { failure } from './api/http';
import type { Core } from './core';

/**
 * Rejects what is known to be refused. A room that is not known is not refused: after a reset rooms come anew while
 * the page still shows them, and what is written meanwhile must not be lost. The server has the last word.
 */
export function requireJoined({ account }: Pick<Core, 'account'>, roomId: string): void {
  const room = account.rooms.get(roomId);
  if (room !== undefined && room.membership !== 'join') {
    throw failure('M_FORBIDDEN', 'not in this room', 403);
  }
}
