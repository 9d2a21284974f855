import { createResource, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { dateAndTime } from '../../i18n/dates';
import { errorText, previewText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { EventPreview, ThreadInList } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { type MessageList as List, messageList, setMessageList } from '../../store/message-list';
import { goToEvent } from '../../store/messages-ui';
import { photoOf } from '../../store/people';
import { openThread } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { toast } from '../../ui/toast';
import s from './message-list.module.css';

const titles = {
  pins: 'pins-list',
  stars: 'stars-title',
  wordings: 'wordings-title',
  threads: 'threads-title',
} as const;

/** Pinned or starred messages; a press goes to one in its chat. */
export function MessageListHost() {
  return (
    <Show when={messageList()} keyed>
      {(list) => <Shown list={list} />}
    </Show>
  );
}

function Shown(props: { list: List }) {
  const { state, commands } = useClient();
  const load = (list: List): Promise<readonly EventPreview[]> => {
    if (list.kind === 'stars') return commands.starred(list.roomId);
    if (list.kind === 'threads') return commands.threads(list.roomId, null).then(({ entries }) => entries);
    if (list.kind === 'wordings') return commands.wordings(list.roomId, list.eventId);
    return commands.previews(list.roomId, [...(state.rooms[list.roomId]?.pins ?? [])].reverse());
  };
  const [found] = createResource(
    () => props.list,
    (list) => load(list).catch(() => []),
  );
  const go = (one: EventPreview) => {
    setMessageList(undefined);
    if (props.list.kind === 'threads') openThread(one.roomId, one.eventId);
    else goToEvent(one.roomId, one.eventId);
  };
  const roomId = () => (props.list.kind === 'pins' ? props.list.roomId : '');
  const mayUnpin = () => state.rooms[roomId()]?.my.pin === true;
  const unpinAll = () => {
    setMessageList(undefined);
    void commands.unpinAll(roomId()).catch((error: unknown) => toast(errorText(errorInfo(error))));
  };
  const empty = () => t(props.list.kind === 'threads' ? 'threads-empty' : 'stars-empty');
  const answers = (one: EventPreview) => ('thread' in one ? (one as ThreadInList).thread : undefined);
  return (
    <Dialog title={t(titles[props.list.kind])} onClose={() => setMessageList(undefined)} testid="message-list">
      <div class={s.list}>
        <Show when={found.latest?.length !== 0} fallback={<p class={s.empty}>{empty()}</p>}>
          <For each={found.latest ?? []}>
            {(one) => (
              <button type="button" class={s.row} data-testid="listed-message" onClick={() => go(one)}>
                <Avatar
                  id={one.sender}
                  name={one.senderName}
                  photo={photoOf(state, one.roomId, one.sender)}
                  size={42}
                />
                <span class={s.words}>
                  <span class={s.head}>
                    <b>{one.senderName}</b>
                    <time>{dateAndTime(one.ts)}</time>
                  </span>
                  <span class={s.text}>{previewText(one.body)}</span>
                  <Show when={answers(one)}>
                    {(thread) => (
                      <span class={s.answers}>
                        {t('thread-count', { count: thread().count })}
                        <Show when={thread().unread > 0}>
                          <Badge count={thread().unread} testid="thread-unread" />
                        </Show>
                      </span>
                    )}
                  </Show>
                </span>
              </button>
            )}
          </For>
        </Show>
      </div>
      <Show when={mayUnpin()}>
        <DialogButtons>
          <Button kind="danger" onClick={unpinAll} data-testid="unpin-all">
            {t('pins-unpin-all')}
          </Button>
        </DialogButtons>
      </Show>
    </Dialog>
  );
}
