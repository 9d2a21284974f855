import type { MirrorState } from '../../store/contract';
import { replyTo, stopWriting, writingIn } from '../../store/ui';

/** Choose the message before (-1) or after (1) the one that is being answered; past the newest: none. */
export function nearbyReply(state: MirrorState, view: string, step: -1 | 1): void {
  const timeline = state.timelines[view];
  const ids = (timeline?.items ?? []).flatMap((key) => {
    const item = timeline?.events[key];
    return item?.kind === 'message' && item.eventId ? item.eventId : [];
  });
  const now = writingIn(view).replyTo;
  const at = now === null ? ids.length : ids.indexOf(now);
  const next = ids[at + step];
  if (next) replyTo(view, next);
  else if (now !== null && step === 1) stopWriting(view);
}
