/** Commands that have to do with time. Spec: MSC4140 for delayed events; Client-Server API, Jump to date. */
import { type Json, list, number, object, text } from '../model/events';
import { previewBody } from '../model/preview';
import { threadRoot } from '../model/relations';
import { errorInfo } from '../store/errors';
import type { Scheduled, TimedCommands } from '../store/timed';
import { failure, type HttpRequest, path } from './api/http';
import type { Parts } from './commands';
import { requireJoined } from './joined';
import { kindOf } from './sync/items';

const DELAYED = '/_matrix/client/unstable/org.matrix.msc4140/delayed_events';
const MESSAGES = new Set(['m.room.message', 'm.sticker']);

export function timedCommands(parts: Parts): TimedCommands {
  const http = (method: HttpRequest['method'], tail: string, body?: unknown, query: HttpRequest['query'] = {}) =>
    parts.http({ method, path: tail, query, ...(body === undefined ? {} : { body }) });
  const waiting = async () =>
    list((await http('GET', DELAYED)).delayed_events)
      .map(object)
      .filter((one) => MESSAGES.has(text(one.type)) && one.state_key === undefined);
  const manage = (id: string, action: 'send' | 'cancel') =>
    http('POST', `${DELAYED}/${encodeURIComponent(id)}`, { action });
  const schedule = async (roomId: string, type: string, content: Json, at: number): Promise<string> => {
    requireJoined(parts, roomId);
    if (parts.account.encrypted.has(roomId)) {
      throw failure('ENCRYPTED_ROOM', 'this client cannot encrypt yet; nothing is sent in plain text');
    }
    const send = path`/_matrix/client/v3/rooms/${roomId}/send/${type}/${`s${crypto.randomUUID()}`}`;
    const delay = Math.max(1, Math.round(at - Date.now()));
    return text((await http('PUT', send, content, { 'org.matrix.msc4140.delay': delay })).delay_id);
  };
  return {
    scheduleMessage: async (roomId, draft, at) => {
      await schedule(roomId, 'm.room.message', parts.messages.textContent(roomId, draft), at);
    },
    scheduled: async () => (await waiting()).map(scheduledOf).sort((one, other) => one.at - other.at),
    reschedule: async (id, at) => {
      const known = (await waiting()).find((one) => one.delay_id === id);
      if (known === undefined) {
        throw failure('M_NOT_FOUND', 'it was sent already', 404);
      }
      const fresh = await schedule(text(known.room_id), text(known.type), object(known.content), at);
      try {
        await manage(id, 'cancel');
      } catch (error) {
        // It was sent meanwhile, or we do not know: never twice.
        await manage(fresh, 'cancel').catch(() => undefined);
        throw error;
      }
    },
    sendScheduled: async (id) => {
      await manage(id, 'send');
    },
    cancelScheduled: async (id) => {
      await manage(id, 'cancel');
    },
    eventAt: async (roomId, ts) => {
      const tail = path`/_matrix/client/v1/rooms/${roomId}/timestamp_to_event`;
      const nearest = async (dir: 'f' | 'b') => text((await http('GET', tail, undefined, { ts, dir })).event_id);
      const found = await nearest('f').catch((error: unknown) => {
        if (errorInfo(error).errcode !== 'M_NOT_FOUND') {
          throw error;
        }
        return nearest('b');
      });
      // It may be one that is no row, a reaction say: what lies beside it is loaded with it.
      await parts.loader.around(roomId, found).catch(() => undefined);
      const timeline = await parts.timeline(roomId);
      const ids = timeline.fragmentOf(found)?.ids ?? [];
      const rows = ids.flatMap((id, at) => {
        const event = timeline.event(id);
        const isRow = event !== undefined && kindOf(event) !== null && threadRoot(event.content) === null;
        return isRow ? [{ id, at }] : [];
      });
      const row = rows.find(({ at }) => at >= ids.indexOf(found)) ?? rows.at(-1);
      if (row === undefined) {
        throw failure('M_NOT_FOUND', 'no message of that time can be shown', 404);
      }
      return row.id;
    },
    joinProgress: async (roomId) => {
      const answer = await http('GET', path`/_matrix/client/unstable/app.hearth/rooms/${roomId}/join_progress`);
      return answer.is_whole === false
        ? { done: number(answer.done, 0), total: typeof answer.total === 'number' ? answer.total : null }
        : null;
    },
  };
}

function scheduledOf(one: Json): Scheduled {
  const type = text(one.type);
  return {
    id: text(one.delay_id),
    roomId: text(one.room_id),
    body: previewBody('message', type, object(one.content), null),
    at: number(one.running_since, 0) + number(one.delay, 0),
  };
}
