/** State of a room as its server has it now: what is here may be older than what was just written. */
import type { Json } from '../model/events';
import { errorInfo } from '../store/errors';
import { path } from './api/http';
import type { Core } from './core';

/** The content of one state event; null where there is none. Spec: Client-Server API, Getting events for a room. */
export async function stateOf(core: Core, roomId: string, type: string, stateKey: string): Promise<Json | null> {
  const tail = path`/_matrix/client/v3/rooms/${roomId}/state/${type}/${stateKey}`;
  try {
    return await core.http({ method: 'GET', path: tail });
  } catch (error) {
    if (errorInfo(error).status === 404) {
      return null;
    }
    throw error;
  }
}

/** Changes of state that many write a part of each: lists, maps. */
export class StateChanges {
  /** The end of what is being changed, by room and type. */
  private readonly last = new Map<string, Promise<void>>();

  constructor(private readonly core: Core) {}

  /** Of one state one after the other, each made of what the one before it left: two in a row are both there then. */
  make(roomId: string, type: string, change: (content: Json) => Json): Promise<void> {
    const state = `${roomId} ${type}`;
    const made = (this.last.get(state) ?? Promise.resolve()).then(async () => {
      const content = change((await stateOf(this.core, roomId, type, '')) ?? {});
      await this.core.request('state', { room_id: roomId, type, state_key: '', content });
    });
    const ended = made
      .catch(() => undefined)
      .then(() => {
        if (this.last.get(state) === ended) {
          this.last.delete(state);
        }
      });
    this.last.set(state, ended);
    return made;
  }
}
