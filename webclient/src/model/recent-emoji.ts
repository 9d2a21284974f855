/** Emoji that somebody used, the last first. Spec: Client-Server API, Recently used emoji. */
import { isObject, type Json, list, object, text } from './events';

const KEPT_MOST = 100;

/** The signs among the entries, so many at most; what is none is passed over. */
export function recentSigns(content: Json, most: number): string[] {
  return list(content.recent_emoji)
    .map((one) => text(object(one).emoji))
    .filter((sign) => sign !== '')
    .slice(0, most);
}

/** The content after `sign` was used once more; entries that are not understood stay. */
export function withEmoji(content: Json, sign: string): Json {
  const known = list(content.recent_emoji).filter((one) => isObject(one) && isCount(one.total));
  const before = known.find((one) => object(one).emoji === sign);
  const total = Number(object(before).total ?? 0) + 1;
  const others = known.filter((one) => one !== before);
  return { ...content, recent_emoji: [{ ...object(before), emoji: sign, total }, ...others].slice(0, KEPT_MOST) };
}

const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
