import { createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { written } from '../../model/marks';
import { mediaOf } from '../../model/media';
import { useClient } from '../../store/context';
import type { MessageRef, RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { forwarding, setForwarding, stopPicking } from '../../store/messages-ui';
import { knownName } from '../../store/people';
import { goTo, viewNow } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { Switch } from '../../ui/switch';
import { toast } from '../../ui/toast';
import s from './forward-dialog.module.css';

/** Where messages are passed on to: several chats, with words of one's own, with or without the author's name. */
export function ForwardHost() {
  return (
    <Show when={forwarding()} keyed>
      {(messages) => <ForwardDialog messages={messages} />}
    </Show>
  );
}

function ForwardDialog(props: { messages: readonly MessageRef[] }) {
  const { state, commands } = useClient();
  const [query, setQuery] = createSignal('');
  const [to, setTo] = createSignal<readonly RoomId[]>([]);
  const [comment, setComment] = createSignal('');
  const [hidden, setHidden] = createSignal(false);
  const [bare, setBare] = createSignal(false);
  const hasCaptions = () =>
    props.messages.some(({ roomId, eventId }) => {
      const item = Object.values(state.timelines[viewNow(roomId)]?.events ?? {}).find((one) => one.eventId === eventId);
      return item !== undefined && (mediaOf(item.type, item.content)?.caption ?? '') !== '';
    });
  const nameOf = (id: RoomId) => {
    const room = state.rooms[id];
    if (room?.dmUserId) return knownName(state, room.dmUserId);
    return room?.saved ? t('saved-title') : room?.name || t('chat-empty-name');
  };
  const rooms = () =>
    state.roomOrder.filter((id) => {
      const room = state.rooms[id];
      return room?.my.sendMessages && nameOf(id).toLowerCase().includes(query().trim().toLowerCase());
    });
  const toggle = (id: RoomId) => {
    if (state.rooms[id]?.encrypted) return toast(t('forward-encrypted'));
    return setTo((all) => (all.includes(id) ? all.filter((one) => one !== id) : [...all, id]));
  };
  const close = () => setForwarding(undefined);
  const send = async () => {
    const rooms = to();
    const words = comment().trim();
    close();
    stopPicking();
    try {
      const more = words === '' ? {} : { comment: written(words) };
      await commands.forward({
        messages: props.messages,
        to: rooms,
        hideSender: hidden(),
        hideCaptions: bare(),
        ...more,
      });
      toast(t('forward-done', { name: rooms.map(nameOf).join(', ') }));
      const [only] = rooms;
      if (rooms.length === 1 && only) goTo(only);
    } catch (error) {
      toast(errorText(errorInfo(error)));
    }
  };
  return (
    <Dialog title={t('forward-title')} onClose={close} testid="forward-dialog">
      <div class={s.body}>
        <Show when={to().length > 0}>
          <div class={s.chips}>
            <For each={to()}>
              {(id) => (
                <button type="button" class={s.chip} onClick={() => toggle(id)} data-testid="forward-chip">
                  {nameOf(id)}
                  <Icon name="x" size={16} />
                </button>
              )}
            </For>
          </div>
        </Show>
        <input
          class={s.field}
          type="search"
          placeholder={t('forward-search')}
          aria-label={t('forward-search')}
          value={query()}
          onInput={(event) => setQuery(event.currentTarget.value)}
          data-testid="forward-search"
        />
        <div class={s.list}>
          <For each={rooms()}>
            {(id) => (
              <button
                type="button"
                class={s.row}
                aria-pressed={to().includes(id)}
                disabled={state.rooms[id]?.encrypted === true}
                data-testid="forward-row"
                onClick={() => toggle(id)}
              >
                <Avatar
                  id={state.rooms[id]?.dmUserId ?? id}
                  name={nameOf(id)}
                  photo={state.rooms[id]?.avatar}
                  saved={state.rooms[id]?.saved === true}
                  size={42}
                />
                <span class={s.name}>{nameOf(id)}</span>
                <Show when={state.rooms[id]?.encrypted}>
                  <Icon name="lock" size={16} />
                </Show>
                <Show when={to().includes(id)}>
                  <span class={s.check}>
                    <Icon name="check" size={16} />
                  </span>
                </Show>
              </button>
            )}
          </For>
        </div>
        <input
          class={s.field}
          placeholder={t('forward-comment')}
          aria-label={t('forward-comment')}
          value={comment()}
          onInput={(event) => setComment(event.currentTarget.value)}
          data-testid="forward-comment"
        />
        <button
          type="button"
          class={s.option}
          role="switch"
          aria-checked={hidden()}
          onClick={() => setHidden((now) => !now)}
          data-testid="forward-hide"
        >
          {t('forward-hide-sender')}
          <Switch on={hidden()} />
        </button>
        <Show when={hasCaptions()}>
          <button
            type="button"
            class={s.option}
            role="switch"
            aria-checked={bare()}
            onClick={() => setBare((now) => !now)}
            data-testid="forward-bare"
          >
            {t('forward-hide-captions')}
            <Switch on={bare()} />
          </button>
        </Show>
      </div>
      <DialogButtons>
        <Button onClick={close}>{t('composer-cancel')}</Button>
        <Button onClick={() => void send()} disabled={to().length === 0} data-testid="forward-send">
          {t('forward-send')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
