import { createEffect, createSignal, For, on, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText, previewText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { EventPreview, RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { createMediaUrl } from '../../store/media';
import { setMessageList } from '../../store/message-list';
import { jump } from '../../store/ui';
import { IconButton } from '../../ui/button';
import { toast } from '../../ui/toast';

import s from './pin-bar.module.css';

const segments_most = 4;

/** The pinned messages under the header: a press goes to one and on to the one before it, newest first. */
export function PinBar(props: { roomId: RoomId }) {
  const { state, commands } = useClient();
  const pins = () => state.rooms[props.roomId]?.pins ?? [];
  const [shown, setShown] = createSignal<readonly EventPreview[]>([]);
  const [at, setAt] = createSignal(0);
  createEffect(
    on(
      () => [props.roomId, pins().join(' '), state.connection.status === 'live'] as const,
      ([roomId]) => {
        if (pins().length === 0) return setShown([]);
        void commands.previews(roomId, [...pins()].reverse()).then(
          (found) => {
            if (roomId !== props.roomId) return;
            setShown(found);
            setAt(0);
          },
          () => undefined,
        );
        return undefined;
      },
    ),
  );
  const current = () => shown()[Math.min(at(), shown().length - 1)];
  const press = () => {
    const now = current();
    if (!now) return;
    void jump()?.(now.eventId);
    setAt((index) => (index + 1) % shown().length);
  };
  const unpin = (now: EventPreview) =>
    void commands.pin(props.roomId, now.eventId, false).catch((error: unknown) => toast(errorText(errorInfo(error))));
  const title = () =>
    shown().length > 1
      ? t('pins-title-number', { number: shown().length - Math.min(at(), shown().length - 1) })
      : t('pins-title');
  return (
    <Show when={current()}>
      {(now) => (
        <div class={s.bar} data-testid="pin-bar">
          <button type="button" class={s.press} onClick={press}>
            <span class={s.segments} aria-hidden="true">
              <For each={shown().slice(0, segments_most)}>
                {(_, index) => <i data-on={index() === Math.min(at(), segments_most - 1)} />}
              </For>
            </span>
            <Show when={now().thumbnail}>{(mxc) => <Thumb mxc={mxc()} />}</Show>
            <span class={s.words}>
              <span class={s.title}>{title()}</span>
              <span class={s.text}>{previewText(now().body)}</span>
            </span>
          </button>
          <Show when={shown().length > 1}>
            <IconButton
              icon="list"
              label={t('pins-list')}
              onClick={() => setMessageList({ kind: 'pins', roomId: props.roomId })}
              data-testid="pins-list"
            />
          </Show>
          <Show when={state.rooms[props.roomId]?.my.pin}>
            <IconButton icon="x" label={t('pins-unpin')} onClick={() => unpin(now())} data-testid="pin-remove" />
          </Show>
        </div>
      )}
    </Show>
  );
}

function Thumb(props: { mxc: string }) {
  const url = createMediaUrl(
    () => props.mxc,
    () => ({ w: 64, h: 64 }),
  );
  return <Show when={url()}>{(src) => <img class={s.thumb} src={src()} alt="" />}</Show>;
}
