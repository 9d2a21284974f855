/** What the others and the own devices hear while one writes: typing notices and drafts. */
import type { Commands, RoomId } from '../../store/contract';
import { wasWritten, writingIn } from '../../store/ui';

const repeat_ms = 4000;
const silence_ms = 5000;
const draft_pause_ms = 1000;

/** Says that I am typing, at most every four seconds, and takes it back after five seconds of silence. */
export function tellTyping(commands: Commands) {
  let told = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = (roomId: RoomId) => {
    clearTimeout(timer);
    if (told === 0) return;
    told = 0;
    void commands.setTyping(roomId, false).catch(() => undefined);
  };
  const start = (roomId: RoomId) => {
    clearTimeout(timer);
    timer = setTimeout(() => stop(roomId), silence_ms);
    if (Date.now() - told < repeat_ms) return;
    told = Date.now();
    void commands.setTyping(roomId, true).catch(() => undefined);
  };
  return { start, stop };
}

/** Keeps the draft of a chat: a second after the last change, and at once when the chat is left. */
export function keepDraft(commands: Commands) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const now = (roomId: RoomId) => {
    clearTimeout(timer);
    if (!wasWritten(roomId)) return;
    const { text, replyTo, editing } = writingIn(roomId);
    const draft = text || replyTo || editing ? { text, replyTo, editing } : null;
    void commands.setDraft(roomId, draft).catch(() => undefined);
  };
  const soon = (roomId: RoomId) => {
    clearTimeout(timer);
    timer = setTimeout(() => now(roomId), draft_pause_ms);
  };
  return { now, soon };
}
