/**
 * A room's order of events as far as it is known: unbroken runs ("fragments") with gaps between them. Each end of a
 * fragment knows how to get on: a token of the server, or an event to ask the surroundings of; null where nothing is.
 */

export type Edge = { readonly token: string } | { readonly event: string } | null;

export interface Fragment {
  /** Oldest first. */
  readonly ids: readonly string[];
  readonly older: Edge;
  readonly newer: Edge;
  /** Its newest event is the room's newest: what the stream brings is appended here. At most one. */
  readonly live: boolean;
}

/** The fragments with `run` taken in: it is joined to all that share an event with it. */
export function addRun(fragments: readonly Fragment[], run: Fragment): Fragment[] {
  let joined = run;
  let rest = [...fragments];
  for (;;) {
    const known = new Set(joined.ids);
    const touching = rest.find((fragment) => fragment.ids.some((id) => known.has(id)));
    if (touching === undefined) {
      return [...rest, joined];
    }
    rest = rest.filter((fragment) => fragment !== touching);
    joined = join(touching, joined);
  }
}

/**
 * What the stream brought for a room. `gap`: events may lie between what is known and these, so the live fragment is
 * left behind unless they overlap.
 */
export function addLive(
  fragments: readonly Fragment[],
  ids: readonly string[],
  from: { readonly gap: boolean; readonly older: Edge },
): Fragment[] {
  const live = fragments.find((fragment) => fragment.live);
  if (live === undefined) {
    return addRun(fragments, { ids, older: from.older, newer: null, live: true });
  }
  if (!from.gap) {
    const known = new Set(live.ids);
    const fresh = ids.filter((id) => !known.has(id));
    return fragments.map((fragment) => (fragment === live ? { ...live, ids: [...live.ids, ...fresh] } : fragment));
  }
  const last = live.ids.at(-1);
  const others = fragments.filter((fragment) => fragment !== live);
  const left: Fragment[] = last === undefined ? [] : [{ ...live, live: false, newer: { event: last } }];
  return addRun([...others, ...left], { ids, older: from.older, newer: null, live: true });
}

/** Two fragments with at least one event in common as one. Where both end at the same event, `b` (the newer news) tells how to go on. */
function join(a: Fragment, b: Fragment): Fragment {
  const inB = new Map(b.ids.map((id, index) => [id, index]));
  const firstA = a.ids.findIndex((id) => inB.has(id));
  const firstB = inB.get(a.ids[firstA] ?? '') ?? 0;
  const lastA = a.ids.findLastIndex((id) => inB.has(id));
  const lastB = inB.get(a.ids[lastA] ?? '') ?? 0;
  const left = firstA > firstB ? a : b;
  const right = a.ids.length - lastA > b.ids.length - lastB ? a : b;
  return {
    ids: union(a.ids, b.ids),
    older: left.older,
    newer: right.newer,
    live: a.live || b.live,
  };
}

/** All ids of both, each list's own order kept; what only `b` has stands right after its predecessor there. */
function union(a: readonly string[], b: readonly string[]): string[] {
  const inA = new Set(a);
  const after = new Map<string | null, string[]>();
  let anchor: string | null = null;
  for (const id of b) {
    if (inA.has(id)) {
      anchor = id;
    } else {
      after.set(anchor, [...(after.get(anchor) ?? []), id]);
    }
  }
  const result = [...(after.get(null) ?? [])];
  const first = b.find((id) => inA.has(id));
  const leading = first === undefined ? [] : a.slice(0, a.indexOf(first));
  // What `a` has before their first common event comes before what `b` has there only if `b` has nothing there.
  const ordered = result.length === 0 ? [...leading] : [...leading, ...result];
  for (const id of a.slice(leading.length)) {
    ordered.push(id, ...(after.get(id) ?? []));
  }
  return ordered;
}
