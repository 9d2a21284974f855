/** What is known of a room's timeline: its events, their order, and what edits, reactions and redactions made of them. */
import { asEvent, type Json, type MatrixEvent, object } from '../../model/events';
import { editedContent, isRedacted, isValidEdit, newerEdit, redacted, relationOf } from '../../model/relations';
import { addLive, addRun, type Edge, type Fragment } from './fragments';
import { Threads } from './threads';

const STORED_MOST = 120;
const STORED_AFTER_CUT = 100;

/** What is kept on disk: the newest piece of the live fragment. */
export interface StoredTimeline {
  readonly roomId: string;
  readonly ids: readonly string[];
  readonly older: Edge;
}

export class RoomTimeline {
  fragments: readonly Fragment[] = [];
  readonly threads = new Threads();
  private readonly events = new Map<string, MatrixEvent>();
  private readonly edits = new Map<string, readonly MatrixEvent[]>();
  private readonly reactions = new Map<string, Map<string, { readonly key: string; readonly sender: string }>>();
  /** Votes and ends of polls, by the poll. */
  private readonly votes = new Map<string, Map<string, MatrixEvent>>();
  /** Redactions by target: an older page may bring what is redacted already. */
  private readonly redactions = new Map<string, MatrixEvent>();
  /** Events whose record on disk is out of date. */
  private readonly changed = new Set<string>();
  private onDisk = new Set<string>();

  constructor(readonly roomId: string) {}

  static fromStored(stored: StoredTimeline, events: readonly MatrixEvent[]): RoomTimeline {
    const timeline = new RoomTimeline(stored.roomId);
    for (const event of events) {
      timeline.take(event);
    }
    const ids = stored.ids.filter((id) => timeline.events.has(id));
    timeline.fragments = [{ ids, older: stored.older, newer: null, live: true }];
    timeline.changed.clear();
    timeline.onDisk = new Set(events.map((event) => event.event_id));
    return timeline;
  }

  get live(): Fragment | null {
    return this.fragments.find((fragment) => fragment.live) ?? null;
  }

  event(id: string): MatrixEvent | undefined {
    return this.events.get(id);
  }

  fragmentOf(id: string): Fragment | null {
    return this.fragments.find((fragment) => fragment.ids.includes(id)) ?? null;
  }

  /** Takes in what the stream brought; returns the ids of all events that look different now. */
  addLive(events: readonly MatrixEvent[], from: { readonly gap: boolean; readonly older: Edge }): Set<string> {
    const touched = this.takeAll(events);
    const older = from.older ?? wayOn(events);
    this.fragments = addLive(this.fragments, ids(events), { gap: from.gap, older });
    this.threads.live(ids(events), from.gap);
    return touched;
  }

  /** Takes in a run that was asked for. */
  addRun(events: readonly MatrixEvent[], edges: { readonly older: Edge; readonly newer: Edge }): Set<string> {
    const touched = this.takeAll(events);
    this.fragments = addRun(this.fragments, { ids: ids(events), ...edges, live: false });
    return touched;
  }

  /**
   * Puts a page at an end of `fragment`, as it was when the page was asked for: it may have grown since, or been
   * joined to another one, which then has the same event at that end or in its middle.
   */
  extend(fragment: Fragment, end: 'older' | 'newer', events: readonly MatrixEvent[], edge: Edge): Set<string> {
    const touched = this.takeAll(events);
    const last = end === 'older' ? fragment.ids[0] : fragment.ids.at(-1);
    const now = this.fragments.find((known) => (last === undefined ? known === fragment : known.ids.includes(last)));
    if (now === undefined) {
      return touched;
    }
    const place = end === 'older' ? now.ids[0] : now.ids.at(-1);
    if (place !== last) {
      // Joined in the meantime: what the page brings is known.
      return touched;
    }
    const known = new Set(now.ids);
    const fresh = ids(events).filter((id) => !known.has(id));
    const grown = { ...now, ids: end === 'older' ? [...fresh, ...now.ids] : [...now.ids, ...fresh], [end]: edge };
    this.fragments = addRun(
      this.fragments.filter((other) => other !== now),
      grown,
    );
    return touched;
  }

  /** Keeps an event that is no part of a fragment, such as the quoted one of a reply. */
  keep(event: MatrixEvent): Set<string> {
    return this.events.has(event.event_id) ? new Set() : this.takeAll([event]);
  }

  /** The newest valid edit of this event. */
  editOf(event: MatrixEvent): MatrixEvent | null {
    const valid = (this.edits.get(event.event_id) ?? []).filter((edit) => isValidEdit(event, edit));
    return valid.length === 0 ? null : valid.reduce(newerEdit);
  }

  /** What is to be shown of it now. */
  contentOf(event: MatrixEvent): Json {
    const edit = isRedacted(event) ? null : this.editOf(event);
    return edit === null ? event.content : editedContent(event, edit);
  }

  /** Reactions to it: senders by key, in the order in which they came; `byEvent` to find one to take back. */
  reactionsTo(id: string): ReadonlyMap<string, { readonly key: string; readonly sender: string }> {
    return this.reactions.get(id) ?? new Map();
  }

  /** Votes in a poll and its ends, in the order in which they came. */
  votesIn(id: string): readonly MatrixEvent[] {
    return [...(this.votes.get(id)?.values() ?? [])];
  }

  /** Records to write and to delete so that the disk holds the newest piece again. */
  toStore(): { record: StoredTimeline; put: MatrixEvent[]; remove: string[] } {
    const live = this.live ?? { ids: [], older: null };
    const cut = live.ids.length > STORED_MOST;
    const kept = cut ? live.ids.slice(-STORED_AFTER_CUT) : live.ids;
    const first = kept[0];
    const older: Edge = cut && first !== undefined ? { event: first } : live.older;
    const keptSet = new Set(kept);
    const put = kept.flatMap((id) => {
      const event = this.events.get(id);
      return event !== undefined && (this.changed.has(id) || !this.onDisk.has(id)) ? event : [];
    });
    const remove = [...this.onDisk].filter((id) => !keptSet.has(id));
    this.changed.clear();
    this.onDisk = keptSet;
    return { record: { roomId: this.roomId, ids: kept, older }, put, remove };
  }

  private takeAll(events: readonly MatrixEvent[]): Set<string> {
    const touched = new Set<string>();
    for (const event of events) {
      for (const id of this.take(event)) {
        touched.add(id);
      }
    }
    return touched;
  }

  /** Takes one event in and lets it act on others; returns the ids of what looks different. */
  private take(raw: MatrixEvent): string[] {
    const redaction = isRedacted(raw) ? undefined : this.redactions.get(raw.event_id);
    const event = redaction === undefined ? raw : redacted(raw, redaction);
    const root = this.threads.take(event);
    const known = this.events.get(event.event_id);
    if (known !== undefined && (isRedacted(known) || !isRedacted(event))) {
      return [];
    }
    this.events.set(event.event_id, event);
    this.changed.add(event.event_id);
    const bundled = asEvent(object(object(event.unsigned)['m.relations'])['m.replace']);
    if (bundled !== null && known === undefined) {
      this.addEdit(event.event_id, bundled);
    }
    if (known !== undefined) {
      return [event.event_id, ...this.withdraw(known)];
    }
    const touched = root === null ? [event.event_id] : [event.event_id, root];
    return isRedacted(event) ? touched : [...touched, ...this.relate(event)];
  }

  private relate(event: MatrixEvent): string[] {
    const relation = relationOf(event);
    if (relation?.kind === 'edit') {
      this.addEdit(relation.target, event);
      return [relation.target];
    }
    if (relation?.kind === 'reaction') {
      const reactions = this.reactions.get(relation.target) ?? new Map();
      reactions.set(event.event_id, { key: relation.key, sender: event.sender });
      this.reactions.set(relation.target, reactions);
      return [relation.target];
    }
    if (relation?.kind === 'vote' || relation?.kind === 'end') {
      const votes = this.votes.get(relation.target) ?? new Map<string, MatrixEvent>();
      this.votes.set(relation.target, votes.set(event.event_id, event));
      return [relation.target];
    }
    return relation === null ? [] : this.redact(relation.target, event);
  }

  private redact(target: string, redaction: MatrixEvent): string[] {
    this.redactions.set(target, redaction);
    const event = this.events.get(target);
    if (event === undefined || isRedacted(event)) {
      return [];
    }
    this.events.set(target, redacted(event, redaction));
    this.changed.add(target);
    const root = this.threads.rootOf(target);
    return [target, ...(root === null ? [] : [root]), ...this.withdraw(event)];
  }

  /** Takes back what a now redacted event did to another one. */
  private withdraw(event: MatrixEvent): string[] {
    const relation = relationOf(event);
    if (relation === null || relation.kind === 'redaction') {
      return [];
    }
    this.reactions.get(relation.target)?.delete(event.event_id);
    this.votes.get(relation.target)?.delete(event.event_id);
    const edits = this.edits.get(relation.target) ?? [];
    this.edits.set(
      relation.target,
      edits.filter((edit) => edit.event_id !== event.event_id),
    );
    return [relation.target];
  }

  private addEdit(target: string, edit: MatrixEvent): void {
    const known = this.edits.get(target) ?? [];
    if (!known.some((other) => other.event_id === edit.event_id)) {
      this.edits.set(target, [...known, edit]);
    }
  }
}

/** How to get to what is older when the server gave no token: by the surroundings of the first event, unless it is the very first. */
function wayOn(events: readonly MatrixEvent[]): Edge {
  const first = events[0];
  return first === undefined || first.type === 'm.room.create' ? null : { event: first.event_id };
}

function ids(events: readonly MatrixEvent[]): string[] {
  return [...new Set(events.map((event) => event.event_id))];
}
