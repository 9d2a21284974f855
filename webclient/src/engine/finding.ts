/** Commands that look for people, groups and messages. */
import { asEvent, type Json, list, type MatrixEvent, number, object, text, textOrNull, texts } from '../model/events';
import { mediaOf } from '../model/media';
import { plainName } from '../model/names';
import { previewBody } from '../model/preview';
import { byOrder, orderOf } from '../model/space-order';
import type { Profile } from '../store/contract';
import type { FindingCommands, Found, MessageSearch, PublicRoom, SpaceRoom } from '../store/finding';
import { type HttpRequest, path } from './api/http';
import type { Core } from './core';
import { askForPreview } from './link-previews';
import { isCleared } from './sync/cleared';
import { kindOf } from './sync/items';
import { avatarOf, nameIn } from './sync/members';

const V3 = '/_matrix/client/v3';
const V1 = '/_matrix/client/v1';
const PAGE = 30;
/** Pages that the server is asked for at once while little of them fits. */
const PAGES_MOST = 8;
const ENOUGH = 10;

export function findingCommands(core: Core): FindingCommands {
  const get = (tail: string, query: HttpRequest['query'] = {}) =>
    core.http({ method: 'GET', path: tail, query, timeoutMs: 60_000 });
  const post = (tail: string, body: unknown, query: HttpRequest['query'] = {}) =>
    core.http({ method: 'POST', path: tail, body, query, timeoutMs: 60_000 });
  /** One page of the server's: what it cannot choose by is left out of it here. */
  const pageOf = async (query: MessageSearch, next: string | null) => {
    const answer = await post(
      `${V3}/search`,
      { search_categories: { room_events: asked(query) } },
      { next_batch: next ?? undefined },
    );
    const found = object(object(answer.search_categories).room_events);
    const marks = texts(found.highlights);
    const events = list(found.results).flatMap((result) => asEvent(object(result).result) ?? []);
    const fit = events.filter((event) => belongs(query, event));
    // Newest first: once all of a page is too old, what follows is too.
    const isPast = events.length > 0 && events.every((event) => event.origin_server_ts < (query.since ?? 0));
    return {
      entries: fit
        .flatMap((event) => foundOf(core, event, marks))
        .filter((entry) => !isCleared(core.account, entry.roomId, entry.ts)),
      next: isPast ? null : textOrNull(found.next_batch),
      count: typeof found.count === 'number' && fit.length === events.length ? found.count : null,
      marks,
    };
  };
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
      const entries: Found[] = [];
      let next = query.next;
      for (let pages = 1; ; pages += 1) {
        const page = await pageOf(query, next);
        entries.push(...page.entries);
        next = page.next;
        if (next === null || entries.length >= ENOUGH || pages === PAGES_MOST) return { ...page, entries };
      }
    },
    roomSummary: async (idOrAlias, via) => {
      const query = via.map((server) => `via=${encodeURIComponent(server)}`).join('&');
      const answer = await get(V1 + path`/room_summary/${idOrAlias}` + (query === '' ? '' : `?${query}`));
      return publicRoom(answer);
    },
    spaceRooms: async (spaceId, from) => {
      const answer = await get(V1 + path`/rooms/${spaceId}/hierarchy`, { limit: 50, from: from ?? undefined });
      return { entries: list(answer.rooms).map(object).map(spaceRoom), next: textOrNull(answer.next_batch) };
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

function spaceRoom(room: Json): SpaceRoom {
  const known = publicRoom(room);
  // Who is in the space may enter what is restricted to it.
  const isOpen = known.access === 'public' || room.join_rule === 'restricted';
  const children = list(room.children_state)
    .map(object)
    .map((event) => ({
      id: text(event.state_key),
      via: texts(object(event.content).via),
      ...orderOf(object(event.content), event.origin_server_ts),
    }))
    .filter((child) => child.via.length > 0)
    .sort(byOrder);
  return {
    ...known,
    way: isOpen ? 'join' : known.access === 'knock' ? 'ask' : 'none',
    children: children.map(({ id, via }) => ({ id, via })),
  };
}

/** The category as the server gets it, with keys of our own where it knows them. */
function asked(query: MessageSearch): Json {
  const media = SERVER_KINDS[query.kind];
  return {
    search_term: query.words,
    keys: ['content.body'],
    order_by: 'recent',
    filter: filterOf(query),
    ...(query.exact && query.since !== null ? { 'app.hearth.since': query.since } : {}),
    ...(query.exact && query.until !== null ? { 'app.hearth.until': query.until } : {}),
    ...(query.exact && media !== undefined ? { 'app.hearth.media': media } : {}),
  };
}

/** Photos and films are two kinds for the server, so they are told apart here. */
const SERVER_KINDS: Partial<Record<MessageSearch['kind'], string>> = { files: 'file', links: 'link', voice: 'audio' };

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
  const ts = event.origin_server_ts;
  if (ts < (query.since ?? ts) || ts > (query.until ?? ts)) {
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
