/** Messages of mine that wait on the server for their time, as this page knows them; and when one is asked for a time. */
import { createSignal } from 'solid-js';
import type { Commands, RoomId, Scheduled } from './contract';
import { features } from './pages';

/** So long after its time a message is surely sent. */
const grace_ms = 1500;
const longest_timer_ms = 2 ** 31 - 1;

const [scheduled, setScheduled] = createSignal<readonly Scheduled[]>([]);
let timer: ReturnType<typeof setTimeout> | undefined;
/** What was told to go now: a server may say so before it has sent it, and lists it until then with its old time. */
const hurried = new Set<string>();

export const maySchedule = (): boolean => features().has('org.matrix.msc4140');

export const scheduledIn = (roomId: RoomId): readonly Scheduled[] => scheduled().filter((one) => one.roomId === roomId);

/** Asks the server what waits, and again when the next of them is due. */
export async function loadScheduled(commands: Commands): Promise<void> {
  const asked = Date.now();
  const waiting = maySchedule() ? await commands.scheduled() : [];
  const all = waiting
    .map((one) => (hurried.has(one.id) && one.at > asked ? { ...one, at: asked } : one))
    .sort((one, other) => one.at - other.at);
  clearTimeout(timer);
  setScheduled(all);
  const next = all[0];
  if (!next) return;
  const wait = Math.min(Math.max(next.at - Date.now(), 0) + grace_ms, longest_timer_ms);
  timer = setTimeout(() => void loadScheduled(commands).catch(() => undefined), wait);
}

/** Has a message sent now in place of at its time. */
export async function sendNow(commands: Commands, id: string): Promise<void> {
  await commands.sendScheduled(id);
  hurried.add(id);
}

/** Whose they are has signed out. */
export function forgetScheduled(): void {
  hurried.clear();
  clearTimeout(timer);
  setScheduled([]);
}

/** Asks for a time; `done` gets it, ms. */
export interface AskedTime {
  readonly at?: number;
  readonly done: (at: number) => void;
}

const [askedTime, setAskedTime] = createSignal<AskedTime>();
/** The chat whose waiting messages are listed. */
const [listed, setListed] = createSignal<RoomId>();

export { askedTime, listed as listedScheduled, setAskedTime, setListed as setListedScheduled };
