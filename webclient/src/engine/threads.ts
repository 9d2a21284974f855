/** Commands about threads. Spec: Client-Server API, Threading; Receipts. */
import { asEvents, list, object, textOrNull } from '../model/events';
import type { ThreadCommands } from '../store/threads';
import { path } from './api/http';
import type { Parts } from './commands';
import { Changes } from './sync/changes';
import { threadOf } from './sync/items';
import { ownView, THREAD_RULE } from './sync/own-view';

const PAGE = 30;

export function threadCommands(parts: Parts): ThreadCommands {
  const { account, messages } = parts;
  return {
    threads: async (roomId, from) => {
      const tail = path`/_matrix/client/v1/rooms/${roomId}/threads`;
      const answer = await parts.http({ method: 'GET', path: tail, query: { limit: PAGE, from: from ?? undefined } });
      const timeline = await parts.timeline(roomId);
      const roots = asEvents(answer.chunk);
      for (const root of roots) {
        timeline.keep(root);
      }
      const previews = await messages.previews(
        roomId,
        roots.map((root) => root.event_id),
      );
      const entries = previews.flatMap((preview) => {
        const event = timeline.event(preview.eventId);
        const thread = event === undefined ? null : threadOf(account, timeline, event);
        return thread === null ? [] : { ...preview, thread };
      });
      return { entries, next: textOrNull(answer.next_batch) };
    },
    setThreadNotify: async (roomId, root, how) => {
      const id = `${THREAD_RULE}${root.replaceAll('/', '_')}`;
      const rules = object(object(account.accountData.get('m.push_rules')).global);
      const has = (kind: string, rule: string) => list(rules[kind]).some((one) => object(one).rule_id === rule);
      const tail = (kind: string) => path`/_matrix/client/v3/pushrules/global/${kind}/${id}`;
      const kindOf = { all: 'override', none: 'underride' } as const;
      for (const kind of Object.values(kindOf)) {
        if (has(kind, id)) await parts.http({ method: 'DELETE', path: tail(kind) });
      }
      if (how === null) return;
      const conditions = [{ kind: 'event_match', key: 'content.m\\.relates_to.event_id', pattern: root }];
      // Mentions are looked at before underrides; a chat that is silent has an override of its own.
      await parts.http({
        method: 'PUT',
        path: tail(kindOf[how]),
        query: { before: how === 'all' && has('override', roomId) ? roomId : undefined },
        body: { actions: how === 'all' ? ['notify', { set_tweak: 'sound', value: 'default' }] : [], conditions },
      });
    },
    threadRoot: async (roomId, eventId) => {
      await messages.previews(roomId, [eventId]);
      return (await parts.timeline(roomId)).threads.rootOf(eventId);
    },
    markThreadRead: async (roomId, root, eventId) => {
      const room = account.rooms.get(roomId);
      const unread = room?.threadCounts?.[root] ?? 0;
      if (room !== undefined && unread > 0) {
        const { [root]: _read, ...threadCounts } = room.threadCounts ?? {};
        const notifications = Math.max(0, room.notifications - unread);
        account.rooms.set(roomId, { ...room, threadCounts, notifications });
        const changes = new Changes();
        changes.rooms.add(roomId);
        changes.event(roomId, root);
        await parts.commit(changes);
      }
      const kind = ownView(account).privacy.receipts === 'private' ? 'm.read.private' : 'm.read';
      const tail = path`/_matrix/client/v3/rooms/${roomId}/receipt/${kind}/${eventId}`;
      await parts.http({ method: 'POST', path: tail, body: { thread_id: root } });
    },
  };
}
