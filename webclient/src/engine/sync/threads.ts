/** What is known of the threads of a room. Spec: Client-Server API, Threading. */
import { asEvent, type Json, type MatrixEvent, number, object } from '../../model/events';
import { isRedacted, threadRoot } from '../../model/relations';

/** What the server said of a thread beside its first message. */
interface Bundle {
  readonly count: number;
  readonly latest: MatrixEvent;
}

/** One thread: the answers in the order of the server as far as they were loaded, then those that came live. */
export class Thread {
  ids: readonly string[] = [];
  /** How to get to what is older; null when all is here. */
  older: string | null = null;
  loaded = false;
  /** Answers may be missing at the end: the stream had a gap since they were loaded. */
  stale = false;
  bundle: Bundle | null = null;
  /** All answers known, wherever they came from. */
  readonly known = new Set<string>();
}

type Find = (id: string) => MatrixEvent | undefined;

export class Threads {
  private readonly byRoot = new Map<string, Thread>();
  private readonly roots = new Map<string, string>();

  /** The first message of the thread that an event belongs to; null for the main timeline. */
  rootOf(id: string): string | null {
    return this.roots.get(id) ?? null;
  }

  of(root: string): Thread {
    const known = this.byRoot.get(root) ?? new Thread();
    this.byRoot.set(root, known);
    return known;
  }

  /** Notes an event; the root of its thread if it belongs to one. */
  take(event: MatrixEvent): string | null {
    const told = bundleOf(event);
    const before = told === null ? null : this.of(event.event_id).bundle;
    if (told !== null && (before === null || told.latest.origin_server_ts >= before.latest.origin_server_ts)) {
      this.of(event.event_id).bundle = told;
    }
    const root = event.state_key === undefined ? threadRoot(event.content) : null;
    if (root !== null) {
      this.roots.set(event.event_id, root);
      this.of(root).known.add(event.event_id);
    }
    return root;
  }

  /** What the stream brought, in order. */
  live(ids: readonly string[], gap: boolean): void {
    if (gap) {
      for (const thread of this.byRoot.values()) {
        thread.stale = thread.loaded;
      }
    }
    for (const id of ids) {
      const root = this.rootOf(id);
      const thread = root === null ? null : this.of(root);
      if (thread?.loaded === true && !thread.ids.includes(id)) {
        thread.ids = [...thread.ids, id];
      }
    }
  }

  /** The newest page of a thread, oldest first; what came live while it was asked for stays behind it. */
  newest(root: string, page: readonly string[], older: string | null, find: Find): void {
    const thread = this.of(root);
    const inPage = new Set(page);
    const first = thread.ids.indexOf(page[0] ?? '');
    const before = first < 0 ? [] : thread.ids.slice(0, first);
    const lastTs = timeOf(find, page.at(-1));
    const after = [...thread.known].filter((id) => !inPage.has(id) && timeOf(find, id) >= lastTs);
    thread.ids = [...before, ...page, ...byTime(after, find)];
    thread.older = first < 0 ? older : thread.older;
    thread.loaded = true;
    thread.stale = false;
  }

  /** One more page at the beginning of what is loaded. */
  older(root: string, page: readonly string[], older: string | null): void {
    const thread = this.of(root);
    const known = new Set(thread.ids);
    thread.ids = [...page.filter((id) => !known.has(id)), ...thread.ids];
    thread.older = older;
  }

  /** Ids to show: what is loaded, else what happens to be known. */
  shown(root: string, find: Find): readonly string[] {
    const thread = this.of(root);
    return thread.loaded ? thread.ids : byTime([...thread.known], find);
  }

  /** How many answers there are, and the newest; null when there is none. */
  summary(root: string, find: Find): { readonly count: number; readonly latest: MatrixEvent } | null {
    const thread = this.byRoot.get(root);
    if (thread === undefined) {
      return null;
    }
    const alive = byTime([...thread.known], find).flatMap((id) => find(id) ?? []);
    const there = alive.filter((event) => !isRedacted(event));
    const told = thread.bundle;
    const after = there.filter((event) => told !== null && event.origin_server_ts > told.latest.origin_server_ts);
    const whole = thread.loaded && thread.older === null && !thread.stale;
    const count = whole ? there.length : Math.max(there.length, (told?.count ?? 0) + after.length);
    const latest = there.at(-1) ?? (whole ? null : told?.latest);
    return count === 0 || !latest ? null : { count, latest };
  }
}

function bundleOf(event: MatrixEvent): Bundle | null {
  const told: Json = object(object(object(event.unsigned)['m.relations'])['m.thread']);
  const latest = asEvent(told.latest_event);
  return latest === null ? null : { count: Math.max(1, number(told.count, 1)), latest };
}

function timeOf(find: Find, id: string | undefined): number {
  return (id === undefined ? undefined : find(id))?.origin_server_ts ?? 0;
}

function byTime(ids: readonly string[], find: Find): string[] {
  return ids.toSorted((a, b) => timeOf(find, a) - timeOf(find, b) || (a < b ? -1 : 1));
}
