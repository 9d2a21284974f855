/** Commands that read a group's past for what they want of it: recent actions, what was shared, what somebody wrote. */
import { asEvents, type Json, type MatrixEvent, number, object, text, textOrNull } from '../model/events';
import { mediaOf } from '../model/media';
import { previewBody } from '../model/preview';
import { isRedacted } from '../model/relations';
import { serviceLine } from '../model/service';
import type { GroupCommands, LogEntry, MediaKind, SharedItem } from '../store/groups';
import { path } from './api/http';
import type { Core } from './core';
import { rightsChanges } from './rights';
import { isCleared } from './sync/cleared';
import { ROLES } from './sync/group-facts';
import { kindOf } from './sync/items';
import { nameIn } from './sync/members';
import { rolesIn } from './sync/roles';

const V3 = '/_matrix/client/v3';
const PAGE = 40;
const ERASED_MOST = 1000;
/** How far back what was shared is counted. */
const COUNTED_PAGES = 3;
const COUNTED_PAGE = 100;
const LOGGED: Readonly<Record<string, LogEntry['kind']>> = {
  'm.room.member': 'members',
  'm.room.name': 'settings',
  'm.room.topic': 'settings',
  'm.room.avatar': 'settings',
  'm.room.join_rules': 'settings',
  'm.room.history_visibility': 'settings',
  'm.room.canonical_alias': 'settings',
  'm.room.encryption': 'settings',
  'm.room.pinned_events': 'settings',
  'app.hearth.slow_mode': 'settings',
  'm.room.power_levels': 'roles',
  'app.hearth.roles': 'roles',
  'app.hearth.role': 'roles',
  'app.hearth.restrict_until': 'roles',
};

type HistoryCommands = Pick<GroupCommands, 'adminLog' | 'sharedMedia' | 'sharedCounts' | 'messagesBy'>;

export function historyCommands(core: Core): HistoryCommands {
  return {
    adminLog: async (roomId, from) => {
      const { events, next } = await page(core, roomId, from, { types: Object.keys(LOGGED) });
      const nameOf = (userId: string) => nameIn(core.account, roomId, userId);
      const roles = rolesIn(core.account.state(roomId, ROLES)?.content ?? null)?.roles ?? [];
      const entries = events.flatMap((event): LogEntry[] => {
        const line = serviceLine(event, nameOf);
        const kind = LOGGED[event.type];
        return line === null || kind === undefined
          ? []
          : [
              {
                eventId: event.event_id,
                ts: event.origin_server_ts,
                actor: event.sender,
                kind,
                line,
                changes: rightsChanges(event, nameOf, roles),
              },
            ];
      });
      return { entries, next };
    },
    messagesBy: async (roomId, userId, since) => {
      const filter = { senders: [userId], types: ['m.room.message', 'm.sticker', 'm.room.encrypted', 'm.poll.start'] };
      const found: string[] = [];
      let from: string | null = null;
      do {
        const { events, next } = await page(core, roomId, from, filter);
        const recent = events.filter((event) => event.origin_server_ts >= since);
        found.push(...recent.filter((event) => !isRedacted(event)).map((event) => event.event_id));
        from = recent.length < events.length ? null : next;
      } while (from !== null && found.length < ERASED_MOST);
      return found.slice(0, ERASED_MOST);
    },
    sharedMedia: async (roomId, kind, from) => {
      const filter = { types: ['m.room.message'], ...(kind === 'links' ? {} : { contains_url: true }) };
      const { events, next } = await page(core, roomId, from, filter);
      const seen = events.filter((event) => !isCleared(core.account, roomId, event.origin_server_ts));
      const entries = seen.flatMap((event) => shared(core, roomId, kind, event));
      return { entries, next: seen.length < events.length ? null : next };
    },
    sharedCounts: async (roomId) => {
      const counts: Record<MediaKind, number> = { media: 0, files: 0, links: 0, music: 0, voice: 0 };
      const files = await counted(core, roomId, { types: ['m.room.message'], contains_url: true }, (event) => {
        for (const kind of ['media', 'files', 'music', 'voice'] as const) {
          counts[kind] += shared(core, roomId, kind, event).length;
        }
      });
      const links = await counted(core, roomId, { types: ['m.room.message'] }, (event) => {
        counts.links += shared(core, roomId, 'links', event).length;
      });
      return { counts, all: { media: files, files, music: files, voice: files, links } };
    },
  };
}

/** Looks at the newest messages of a chat that I have not cleared; true when these are all. */
async function counted(
  core: Core,
  roomId: string,
  filter: Json,
  count: (event: MatrixEvent) => void,
): Promise<boolean> {
  let from: string | null = null;
  for (let pages = 0; pages < COUNTED_PAGES; pages += 1) {
    const { events, next } = await page(core, roomId, from, filter, COUNTED_PAGE);
    const seen = events.filter((event) => !isCleared(core.account, roomId, event.origin_server_ts));
    seen.forEach(count);
    if (next === null || seen.length < events.length) {
      return true;
    }
    from = next;
  }
  return false;
}

async function page(
  core: Core,
  roomId: string,
  from: string | null,
  filter: Json,
  limit = PAGE,
): Promise<{ readonly events: MatrixEvent[]; readonly next: string | null }> {
  const answer = await core.http({
    method: 'GET',
    path: V3 + path`/rooms/${roomId}/messages`,
    query: { dir: 'b', limit, from: from ?? undefined, filter: JSON.stringify(filter) },
    timeoutMs: 60_000,
  });
  return { events: asEvents(answer.chunk), next: textOrNull(answer.end) };
}

const LINK = /https?:\/\/[^\s<>"']+/u;

/** One entry of a tab of shared things; none for an event that belongs to another tab. */
function shared(core: Core, roomId: string, kind: MediaKind, event: MatrixEvent): SharedItem[] {
  const shape = kindOf(event);
  if (shape !== 'message') {
    return [];
  }
  const media = mediaOf(event.type, event.content);
  const url = LINK.exec(text(event.content.body))?.[0] ?? '';
  const tab = tabOf(media?.kind ?? null);
  if (kind === 'links' ? url === '' : tab !== kind) {
    return [];
  }
  const info = object(event.content.info);
  return [
    {
      roomId,
      eventId: event.event_id,
      sender: event.sender,
      senderName: nameIn(core.account, roomId, event.sender),
      ts: event.origin_server_ts,
      body: previewBody(shape, event.type, event.content, null),
      thumbnail: media?.thumbnail ?? (media?.kind === 'image' ? media.mxc : null),
      mxc: media?.mxc ?? null,
      mimetype: text(info.mimetype),
      size: number(info.size, 0),
      isVideo: media?.kind === 'video',
      url,
    },
  ];
}

function tabOf(kind: string | null): MediaKind | null {
  if (kind === 'image' || kind === 'video') {
    return 'media';
  }
  if (kind === null) {
    return null;
  }
  if (kind === 'voice') {
    return 'voice';
  }
  return kind === 'audio' ? 'music' : 'files';
}
