/**
 * Turns the items of one slice into rows: day pills, the unread line, and the place of each bubble in its group.
 * Pure, so that a change of one message touches one row only.
 */

export interface GroupInput {
  readonly key: string;
  readonly eventId: string | null;
  readonly sender: string;
  readonly ts: number;
  readonly kind: 'message' | 'service' | 'encrypted' | 'redacted' | 'unknown';
}

export type Place = 'single' | 'first' | 'middle' | 'last';

export type Row =
  | { readonly type: 'day'; readonly key: string; readonly dayStart: number }
  | { readonly type: 'unread'; readonly key: string }
  | { readonly type: 'item'; readonly key: string; readonly place: Place };

/** Bubbles of one sender stay together while less than this lies between two of them. */
export const GROUP_GAP_MS = 5 * 60 * 1000;

/** Midnight, in the time zone of the page, of the day that `ts` lies in. */
export function startOfDay(ts: number): number {
  if (ts < day.start || ts >= day.end) {
    const date = new Date(ts);
    const [year, month, number] = [date.getFullYear(), date.getMonth(), date.getDate()];
    day = { start: new Date(year, month, number).getTime(), end: new Date(year, month, number + 1).getTime() };
  }
  return day.start;
}

/** The day that was asked for last: neighbours in a timeline mostly lie in the same one. */
let day = { start: 0, end: 0 };

/**
 * Rows of `items` (oldest first). The unread line stands after the event `unreadAfter`, and only when something of
 * somebody else (not `me`) follows it; inside an album, which is one bubble, it stands above the album. `before` is the
 * item above the slice, if there is one: no second day pill then.
 */
export function layoutRows<Item extends GroupInput>(
  items: readonly Item[],
  options: {
    readonly me: string;
    readonly unreadAfter: string | null;
    readonly before?: GroupInput;
    /** The album that an item belongs to. */
    readonly albumOf?: (item: Item) => string | null;
  },
): Row[] {
  const unreadKey = firstUnread(items, options.me, options.unreadAfter, options.albumOf ?? (() => null));
  const rows: Row[] = [];
  let above = options.before;
  items.forEach((item, index) => {
    const day = startOfDay(item.ts);
    if (above === undefined || startOfDay(above.ts) !== day) {
      rows.push({ type: 'day', key: `day-${day}-${item.key}`, dayStart: day });
    }
    if (item.key === unreadKey) {
      rows.push({ type: 'unread', key: 'unread' });
    }
    const joinsAbove = above !== undefined && item.key !== unreadKey && together(above, item);
    const below = items[index + 1];
    const joinsBelow = below !== undefined && below.key !== unreadKey && together(item, below);
    rows.push({ type: 'item', key: item.key, place: placeOf(joinsAbove, joinsBelow) });
    above = item;
  });
  return rows;
}

function together(above: GroupInput, below: GroupInput): boolean {
  return (
    above.kind !== 'service' &&
    below.kind !== 'service' &&
    above.sender === below.sender &&
    Math.abs(below.ts - above.ts) < GROUP_GAP_MS &&
    startOfDay(above.ts) === startOfDay(below.ts)
  );
}

function placeOf(joinsAbove: boolean, joinsBelow: boolean): Place {
  if (joinsAbove) {
    return joinsBelow ? 'middle' : 'last';
  }
  return joinsBelow ? 'first' : 'single';
}

function firstUnread<Item extends GroupInput>(
  items: readonly Item[],
  me: string,
  unreadAfter: string | null,
  albumOf: (item: Item) => string | null,
): string | null {
  const read = unreadAfter === null ? -1 : items.findIndex((item) => item.eventId === unreadAfter);
  if (read < 0) {
    return null;
  }
  let at = items.findIndex((item, index) => index > read && item.sender !== me && item.kind !== 'service');
  const first = items[at];
  const album = first === undefined ? null : albumOf(first);
  for (let above = items[at - 1]; album !== null && above !== undefined; above = items[at - 1]) {
    if (albumOf(above) !== album) {
      break;
    }
    at -= 1;
  }
  return items[at]?.key ?? null;
}
