/** Fetches what the stream did not bring: older and newer pages, the surroundings of an event, quoted events, members. */
import { asEvent, asEvents, asState, type Json, list, type MatrixEvent, textOrNull } from '../model/events';
import { viewId } from '../model/view-ids';
import { errorInfo } from '../store/errors';
import { failure, path } from './api/http';
import type { Core } from './core';
import { Changes } from './sync/changes';
import { dropEchoed } from './sync/echoes';
import type { Edge, Fragment } from './sync/fragments';
import { kindOf } from './sync/items';
import { applyMember, applyPastMember } from './sync/members';

const PAGE = 50;
/** So many pages of a hundred votes are read of one poll. */
const VOTE_PAGES = 50;
const FILTER = JSON.stringify({ lazy_load_members: true });

export class Loader {
  private readonly running = new Map<string, Promise<void>>();
  private readonly askedQuotes = new Set<string>();
  /** When the connection began over which the votes of a poll, or the newest of a thread, were asked for. */
  private readonly askedVotes = new Map<string, number>();
  private readonly askedThreads = new Map<string, number>();

  constructor(private readonly core: Core) {}

  /** One more page at an end of the fragment; nothing when there is nothing more or a load is running. */
  async more(roomId: string, fragment: Fragment | null, end: 'older' | 'newer'): Promise<void> {
    const edge = fragment?.[end] ?? null;
    if (fragment === null || edge === null) {
      return;
    }
    await this.once(roomId, end, async () => {
      if ('event' in edge) {
        await this.context(roomId, edge.event);
      } else {
        await this.page(roomId, fragment, end, edge.token);
      }
    });
  }

  /** Loads the run of events around one, unless it is here already; returns the row to show. */
  async around(roomId: string, eventId: string): Promise<string> {
    const timeline = await this.core.timeline(roomId);
    if (timeline.fragmentOf(eventId) === null) {
      await this.once(roomId, 'older', () => this.context(roomId, eventId));
    }
    const event = timeline.event(eventId);
    if (event === undefined || timeline.fragmentOf(eventId) === null || kindOf(event) === null) {
      throw failure('M_NOT_FOUND', 'the message cannot be shown', 404);
    }
    return this.core.account.keyOf(event);
  }

  /** Loads the newest answers of a thread; the thread is whole at its end then. */
  async newestOfThread(roomId: string, root: string): Promise<void> {
    await this.once(viewId(roomId, root), 'older', async () => {
      const timeline = await this.core.timeline(roomId);
      if (timeline.event(root) === undefined) {
        const event = asEvent(await this.core.request('event', { room_id: roomId, event_id: root }));
        if (event === null) {
          throw failure('BAD_ANSWER', 'no event in the answer');
        }
        timeline.keep(event);
      }
      const { events, next } = await this.answers(roomId, root);
      const find = (id: string) => timeline.event(id);
      await this.storeAnswers(roomId, root, events, () => timeline.threads.newest(root, idsOf(events), next, find));
    });
  }

  /** One more page of older answers; nothing when all are here. */
  async olderOfThread(roomId: string, root: string): Promise<void> {
    const thread = (await this.core.timeline(roomId)).threads.of(root);
    const from = thread.older;
    if (!thread.loaded) {
      await this.newestOfThread(roomId, root);
    } else if (from !== null) {
      await this.once(viewId(roomId, root), 'older', async () => {
        const { events, next } = await this.answers(roomId, root, from);
        const { threads } = await this.core.timeline(roomId);
        await this.storeAnswers(roomId, root, events, () => threads.older(root, idsOf(events), next));
      });
    }
  }

  /** Answers were missed while there was no connection. */
  thread(roomId: string, root: string): void {
    const view = viewId(roomId, root);
    const since = this.core.liveSince();
    if (this.askedThreads.get(view) === since) {
      return;
    }
    this.askedThreads.set(view, since);
    // Later: pages are just being told what there is. What fails is asked for again over the next connection.
    const loaded = Promise.resolve().then(() => this.newestOfThread(roomId, root));
    loaded.then(
      () => this.askedThreads.delete(view),
      () => undefined,
    );
  }

  private async answers(roomId: string, root: string, from?: string) {
    const tail = `${path`/_matrix/client/v1/rooms/${roomId}/relations/${root}`}/m.thread`;
    const answer = await this.core.http({ method: 'GET', path: tail, query: { limit: PAGE, from } });
    if (!Array.isArray(answer.chunk)) {
      throw failure('BAD_ANSWER', 'no answers in the answer');
    }
    return { events: asEvents(answer.chunk).reverse(), next: textOrNull(answer.next_batch) };
  }

  private async storeAnswers(roomId: string, root: string, events: readonly MatrixEvent[], put: () => void) {
    const timeline = await this.core.timeline(roomId);
    const changes = new Changes();
    for (const event of events) {
      for (const id of timeline.keep(event)) {
        changes.event(roomId, id);
      }
    }
    put();
    dropEchoed(this.core.account, roomId, events, changes);
    changes.event(roomId, root);
    await this.core.commit(changes);
  }

  /** Fetches an event that a reply quotes; asked once, however many replies there are. */
  quoted(roomId: string, eventId: string): void {
    const name = `${roomId} ${eventId}`;
    if (this.askedQuotes.has(name)) {
      return;
    }
    this.askedQuotes.add(name);
    const fetched = this.core.request('event', { room_id: roomId, event_id: eventId }).then(async (answer) => {
      const event = asEvent(answer);
      const timeline = await this.core.timeline(roomId);
      if (event !== null) {
        const changes = new Changes();
        timeline.keep(event);
        changes.event(roomId, eventId);
        await this.core.commit(changes);
      }
    });
    fetched.catch((error: unknown) => {
      // Without a connection it can be had later; what the server refuses stays an empty quote.
      if (errorInfo(error).status === 0) {
        this.askedQuotes.delete(name);
      }
    });
  }

  /** Fetches the votes of a poll, which may lie anywhere after it; again after each time without a connection. */
  votes(roomId: string, eventId: string): void {
    const name = `${roomId} ${eventId}`;
    const since = this.core.liveSince();
    if (this.askedVotes.get(name) === since) {
      return;
    }
    this.askedVotes.set(name, since);
    this.votesOf(roomId, eventId).catch((error: unknown) => {
      if (errorInfo(error).status === 0) {
        this.askedVotes.delete(name);
      }
    });
  }

  private async votesOf(roomId: string, eventId: string): Promise<void> {
    const timeline = await this.core.timeline(roomId);
    const tail = `${path`/_matrix/client/v1/rooms/${roomId}/relations/${eventId}`}/m.reference`;
    let from: string | undefined;
    for (let page = 0; page < VOTE_PAGES; page += 1) {
      const answer = await this.core.http({ method: 'GET', path: tail, query: { limit: 100, from } });
      const changes = new Changes();
      for (const event of asEvents(answer.chunk)) {
        timeline.keep(event);
      }
      changes.event(roomId, eventId);
      await this.core.commit(changes);
      from = textOrNull(answer.next_batch) ?? undefined;
      if (from === undefined) {
        return;
      }
    }
  }

  async members(roomId: string): Promise<void> {
    if (this.core.account.rooms.get(roomId)?.membersComplete === true) {
      return;
    }
    const answer = await this.core.request('members', { room_id: roomId });
    const changes = new Changes();
    for (const event of list(answer.chunk).flatMap((value) => asState(value) ?? [])) {
      applyMember(this.core.account, roomId, event, changes);
    }
    const room = this.core.account.rooms.get(roomId);
    if (room !== undefined) {
      this.core.account.rooms.set(roomId, { ...room, membersComplete: true });
      changes.rooms.add(roomId);
    }
    changes.member(roomId, this.core.account.me);
    await this.core.commit(changes);
  }

  private async page(roomId: string, fragment: Fragment, end: 'older' | 'newer', from: string): Promise<void> {
    const params = { room_id: roomId, dir: end === 'older' ? 'b' : 'f', from, limit: PAGE, filter: FILTER };
    const answer = await this.core.request('messages', params);
    if (!Array.isArray(answer.chunk)) {
      // Taken for an empty page it would be the room's beginning.
      throw failure('BAD_ANSWER', 'no page of messages in the answer');
    }
    const chunk = asEvents(answer.chunk);
    const events = end === 'older' ? chunk.reverse() : chunk;
    const token = textOrNull(answer.end);
    const edge: Edge = token === null || token === from ? null : { token };
    const timeline = await this.core.timeline(roomId);
    await this.store(roomId, timeline.extend(fragment, end, events, edge), answer);
  }

  private async context(roomId: string, eventId: string): Promise<void> {
    const answer = await this.core.request('context', { room_id: roomId, event_id: eventId, limit: PAGE });
    const event = asEvent(answer.event);
    if (event === null) {
      throw failure('BAD_ANSWER', 'no event in the answer');
    }
    const events: MatrixEvent[] = [
      ...asEvents(answer.events_before).reverse(),
      event,
      ...asEvents(answer.events_after),
    ];
    const edge = (value: unknown): Edge => {
      const token = textOrNull(value);
      return token === null ? null : { token };
    };
    const timeline = await this.core.timeline(roomId);
    const touched = timeline.addRun(events, { older: edge(answer.start), newer: edge(answer.end) });
    await this.store(roomId, touched, answer);
  }

  private async store(roomId: string, touched: ReadonlySet<string>, answer: Json): Promise<void> {
    const changes = new Changes();
    const timeline = await this.core.timeline(roomId);
    // What was sent before a gap comes back here instead of with the stream.
    dropEchoed(
      this.core.account,
      roomId,
      [...touched].flatMap((id) => timeline.event(id) ?? []),
      changes,
    );
    for (const id of touched) {
      changes.event(roomId, id);
    }
    for (const state of list(answer.state).flatMap((value) => asState(value) ?? [])) {
      if (state.type === 'm.room.member') {
        applyPastMember(this.core.account, roomId, state, changes);
      }
    }
    changes.timelines.add(roomId);
    changes.rooms.add(roomId);
    await this.core.commit(changes);
  }

  /** Runs a load of a view, a room or a thread, unless one is running. */
  private once(view: string, end: 'older' | 'newer', load: () => Promise<void>): Promise<void> {
    const name = `${end} ${view}`;
    const running = this.running.get(name);
    if (running !== undefined) {
      return running;
    }
    this.core.loading(view, { [end]: true, error: null });
    const work = load()
      .catch((error: unknown) => {
        this.core.loading(view, { error: errorInfo(error) });
        throw error;
      })
      .finally(() => {
        this.running.delete(name);
        this.core.loading(view, { [end]: false });
      });
    this.running.set(name, work);
    return work;
  }
}

function idsOf(events: readonly MatrixEvent[]): string[] {
  return events.map((event) => event.event_id);
}
