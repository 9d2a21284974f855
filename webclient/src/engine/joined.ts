/** What only members may do. */
import { failure } from './api/http';
import type { Core } from './core';

export function requireJoined(core: Core, roomId: string): void {
  if (core.account.rooms.get(roomId)?.membership !== 'join') {
    throw failure('M_FORBIDDEN', 'not in this room', 403);
  }
}
