/** Which reactions to my messages were seen, as far as this browser knows: the newest of each chat. */
import { createSignal } from 'solid-js';

const stored = 'hearth.reactions-seen';
const most = 200;

function kept(): Readonly<Record<string, string>> {
  try {
    return JSON.parse(localStorage.getItem(stored) ?? '{}') as Record<string, string>;
  } catch {
    return {};
  }
}
const [seen, setSeen] = createSignal(kept());

export const isSeen = (roomId: string, key: string): boolean => seen()[roomId] === key;

export function noteSeen(roomId: string, key: string): void {
  if (isSeen(roomId, key)) return;
  const { [roomId]: _before, ...others } = seen();
  const next = Object.fromEntries([...Object.entries(others).slice(1 - most), [roomId, key]]);
  setSeen(next);
  localStorage.setItem(stored, JSON.stringify(next));
}
