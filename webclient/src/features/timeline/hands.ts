/** What hands do with messages beside pressing them: a mouse drags over several, fingers move one aside to answer it. */
import { getOwner, runWithOwner } from 'solid-js';
import { useClient } from '../../store/context';
import type { RoomId, TimelineItem } from '../../store/contract';
import { isPicking } from '../../store/messages-ui';
import { replyTo, threadNow } from '../../store/ui';
import { later } from '../../ui/parts';
import { mayAnswer } from './answering';

const fingers = later(() => import('./swipe'));
const picks = later(() => import('./drag-pick'));

/** Until the owner is disposed. */
export function watchMouse(box: HTMLElement, content: HTMLElement, roomId: RoomId): void {
  const owner = getOwner();
  void picks().then(({ watchPicks }) => {
    if (!content.isConnected) return;
    runWithOwner(owner, () => watchPicks(box, content, () => !threadNow(roomId)));
  });
}

/** While `content` is in the document; `view` is the chat or the thread that is answered in, `find` gives a row's item. */
export function watchFingers(
  content: HTMLElement,
  roomId: RoomId,
  view: string,
  find: (key: string) => TimelineItem | undefined,
): void {
  const client = useClient();
  const item = (row: HTMLElement) => find(row.dataset.key ?? '');
  void fingers().then(({ watchSwipes }) => {
    if (!content.isConnected) return;
    watchSwipes(content, {
      may: (row) => {
        const one = item(row);
        return one !== undefined && one.eventId !== null && !isPicking() && mayAnswer(client, roomId, one);
      },
      answer: (row) => replyTo(view, item(row)?.eventId ?? ''),
      back: () => history.back(),
    });
  });
}
