/** The one player of sounds in the page: it goes on while one looks at other chats. Times in ms. */
import { batch, createSignal } from 'solid-js';
import type { ItemKey, RoomId } from './contract';

export interface Track {
  readonly roomId: RoomId;
  readonly key: ItemKey;
  readonly mxc: string;
  /** Title for the bar, and who sent it. */
  readonly title: string;
  readonly by: string;
  readonly kind: 'voice' | 'audio';
  readonly durationMs: number;
}

export const rates = [1, 1.5, 2] as const;

const [track, setTrack] = createSignal<Track>();
const [playing, setPlaying] = createSignal(false);
const [failed, setFailed] = createSignal(false);
const [positionMs, setPositionMs] = createSignal(0);
const [lengthMs, setLengthMs] = createSignal(0);
const [rate, setRateSignal] = createSignal<number>(1);
const [volume, setVolumeSignal] = createSignal(1);

export { failed, lengthMs, playing, positionMs, rate, track, volume };

let element: HTMLAudioElement | undefined;
let queue: readonly Track[] = [];
let addressOf: (mxc: string) => Promise<string | undefined> = async () => undefined;

/** How to get at a file; set once the client is known. */
export function setAudioSource(source: typeof addressOf): void {
  addressOf = source;
}

/** Play a sound, the others of its chat after it; the one that is in the player goes on or pauses. */
export function toggleTrack(next: Track, others: readonly Track[]): void {
  queue = others;
  if (track()?.key === next.key && track()?.roomId === next.roomId && !failed()) {
    void (playing()
      ? player().pause()
      : player()
          .play()
          .catch(() => undefined));
    return;
  }
  void start(next);
}

export function seek(ms: number): void {
  if (track() === undefined) return;
  player().currentTime = ms / 1000;
  setPositionMs(ms);
}

export function setRate(next: number): void {
  setRateSignal(next);
  player().playbackRate = next;
}

export function setVolume(next: number): void {
  setVolumeSignal(next);
  player().volume = next;
}

/** The sound `by` places further in the chat; at the end the player closes. */
export function step(by: number): void {
  const now = track();
  const at = queue.findIndex((one) => one.key === now?.key);
  const next = at < 0 ? undefined : queue[at + by];
  if (next) void start(next);
  else if (by > 0) closePlayer();
}

export function closePlayer(): void {
  element?.pause();
  batch(() => {
    setTrack(undefined);
    setPlaying(false);
    setPositionMs(0);
  });
  if ('mediaSession' in navigator) navigator.mediaSession.metadata = null;
}

async function start(next: Track): Promise<void> {
  const audio = player();
  audio.pause();
  batch(() => {
    setTrack(next);
    setFailed(false);
    setPositionMs(0);
    setLengthMs(next.durationMs);
  });
  const url = await addressOf(next.mxc).catch(() => undefined);
  if (track() !== next) return;
  if (url === undefined) {
    setFailed(true);
    return;
  }
  audio.src = url;
  audio.playbackRate = rate();
  announce(next);
  await audio.play().catch(() => undefined);
}

function player(): HTMLAudioElement {
  if (element) return element;
  const audio = new Audio();
  audio.addEventListener('play', () => setPlaying(true));
  audio.addEventListener('pause', () => setPlaying(false));
  audio.addEventListener('timeupdate', () => setPositionMs(audio.currentTime * 1000));
  audio.addEventListener('durationchange', () => {
    if (Number.isFinite(audio.duration)) setLengthMs(audio.duration * 1000);
  });
  audio.addEventListener('ended', () => step(1));
  audio.addEventListener('error', () => {
    if (audio.src !== '') setFailed(true);
  });
  element = audio;
  return audio;
}

/** Keys of the keyboard and of headphones. */
function announce(now: Track): void {
  if (!('mediaSession' in navigator)) return;
  const session = navigator.mediaSession;
  session.metadata = new MediaMetadata({ title: now.title, artist: now.by });
  session.setActionHandler('play', () => void player().play());
  session.setActionHandler('pause', () => player().pause());
  session.setActionHandler('nexttrack', () => step(1));
  session.setActionHandler('previoustrack', () => step(-1));
}
