/** Commands that look for people, groups and messages. */
import { asEvent, type Json, list, type MatrixEvent, number, object, text, textOrNull, texts } from '../model/events';
import { mediaOf } from '../model/media';
import { plainName } from '../model/names';
import { previewBody } from '../model/preview';
import type { Profile } from '../store/contract';
import type { FindingCommands, Found, MessageSearch, PublicRoom } from '../store/finding';
import { type HttpRequest, path } from './api/http';
import type { Core } from './core';
import { askForPreview } from './link-previews';
import { kindOf } from './sync/items';
import { avatarOf, nameIn } from './sync/members';

const V3 = '/_matrix/client/v3';
const V1 = '/_matrix/client/v1';
const PAGE = 30;

export function findingCommands(core: Core): FindingCommands {
  const get = (tail: string, query: HttpRequest['query'] = {}) =>
    core.http({ method: 'GET', path: tail, query, timeoutMs: 60_000 });
  const post = (tail: string, body: unknown, query: HttpRequest['query'] = {}) =>
    core.http({ method: 'POST', path: tail, body, query, timeoutMs: 60_000 });
  return {
    searchPeople: async (words) => {
      const answer = await post(`${V3}/user_directory/search`, { search_term: words, limit: PAGE });
      return list(answer.results)
        .map(object)
        .map((one): Profile => {
          const userId = text(one.user_id);
          const name = plainName({ userId, displayName: textOrNull(one.display_name) });
          return { userId, name, avatar: avatarOf(one.avatar_url) };
        });
    },
    publicRooms: async (server, words, from) => {
      const body = {
        limit: PAGE,
        ...(words === '' ? {} : { filter: { generic_search_term: words } }),
        ...(from === null ? {} : { since: from }),
      };
      const answer = await post(`${V3}/publicRooms`, body, { server: server ?? undefined });
      return { entries: list(answer.chunk).map(object).map(publicRoom), next: textOrNull(answer.next_batch) };
    },
    searchMessages: async (query) => {
      const events = { search_term: query.words, keys: ['content.body'], order_by: 'recent', filter: filterOf(query) };
      const answer = await post(
        `${V3}/search`,
        { search_categories: { room_events: events } },
        { next_batch: query.next ?? undefined },
      );
      const found = object(object(answer.search_categories).room_events);
      const marks = texts(found.highlights);
      const entries = list(found.results)
        .map((result) => asEvent(object(result).result))
        .flatMap((event) => (event === null || !belongs(query, event) ? [] : foundOf(core, event, marks)));
      const count = typeof found.count === 'number' ? found.count : null;
      return { entries, next: textOrNull(found.next_batch), count, marks };
    },
    roomSummary: async (idOrAlias, via) => {
      const query = via.map((server) => `via=${encodeURIComponent(server)}`).join('&');
      const answer = await get(V1 + path`/room_summary/${idOrAlias}` + (query === '' ? '' : `?${query}`));
      return publicRoom(answer);
    },
    spaceRooms: async (spaceId) => {
      const answer = await get(V1 + path`/rooms/${spaceId}/hierarchy`, { limit: 50, max_depth: 1 });
      return list(answer.rooms).map(object).map(publicRoom);
    },
    pagePreview: (url) => askForPreview(core, url),
    eventAt: async (roomId, ts) => {
      const answer = await get(V1 + path`/rooms/${roomId}/timestamp_to_event`, { ts, dir: 'f' });
      return text(answer.event_id);
    },
  };
}

function publicRoom(room: Json): PublicRoom {
  const rule = text(room.join_rule) || 'public';
  return {
    roomId: text(room.room_id),
    alias: text(room.canonical_alias),
    name: text(room.name) || text(room.canonical_alias) || text(room.room_id),
    topic: text(room.topic),
    avatar: avatarOf(room.avatar_url),
    members: number(room.num_joined_members, 0),
    access: rule === 'public' ? 'public' : rule.startsWith('knock') ? 'knock' : 'private',
    isSpace: room.room_type === 'm.space',
    worldReadable: room.world_readable === true,
  };
}

function filterOf(query: MessageSearch): Json {
  const withFile = query.kind === 'media' || query.kind === 'files' || query.kind === 'voice';
  return {
    limit: PAGE,
    ...(query.roomId === null ? {} : { rooms: [query.roomId] }),
    ...(query.sender === null ? {} : { senders: [query.sender] }),
    ...(withFile ? { contains_url: true } : {}),
  };
}

const KINDS: Readonly<Record<'media' | 'files' | 'voice', readonly string[]>> = {
  media: ['m.image', 'm.video'],
  files: ['m.file'],
  voice: ['m.audio'],
};

/** What the server's filter cannot say. */
function belongs(query: MessageSearch, event: MatrixEvent): boolean {
  if (query.before !== null && event.origin_server_ts >= query.before) {
    return false;
  }
  if (query.kind === 'all') {
    return true;
  }
  if (query.kind === 'links') {
    return /https?:\/\//u.test(text(event.content.body));
  }
  return KINDS[query.kind].includes(text(event.content.msgtype));
}

function foundOf(core: Core, event: MatrixEvent, marks: readonly string[]): Found[] {
  const roomId = text((event as MatrixEvent & { readonly room_id?: unknown }).room_id);
  const kind = kindOf(event);
  if (roomId === '' || kind !== 'message') {
    return [];
  }
  const media = mediaOf(event.type, event.content);
  return [
    {
      roomId,
      eventId: event.event_id,
      sender: event.sender,
      senderName: nameIn(core.account, roomId, event.sender),
      ts: event.origin_server_ts,
      body: previewBody(kind, event.type, event.content, null),
      thumbnail: media?.thumbnail ?? (media?.kind === 'image' ? media.mxc : null),
      marks,
    },
  ];
}
