import { createSignal, onCleanup, onMount, Show, Suspense } from 'solid-js';
import { t } from '../../i18n';
import type { RoomId } from '../../store/contract';
import { attaching, setAttaching } from '../../store/messages-ui';
import { threadNow } from '../../store/ui';
import { IconButton } from '../../ui/button';
import { type MenuItem, openMenu } from '../../ui/menu';
import { part } from '../../ui/parts';
import s from './attach.module.css';

const PollDialog = part(async () => (await import('./poll-dialog')).PollDialog);
const SendDialog = part(async () => (await import('./send-dialog')).SendDialog);

/** Begin to send files: the dialog shows them first. */
export function attach(roomId: RoomId, files: Iterable<File>, asFiles = false): void {
  const all = [...files];
  if (all.length > 0) setAttaching({ roomId, files: all, asFiles });
}

/** The paper clip: photos and films, any files, or a poll. */
export function AttachButton(props: { roomId: RoomId }) {
  let visual!: HTMLInputElement;
  let any!: HTMLInputElement;
  let camera!: HTMLInputElement;
  const [polling, setPolling] = createSignal(false);
  /** The device's own camera gives what the field of photos takes. */
  const shoot = () => {
    camera.click();
  };
  const chosen = (input: HTMLInputElement, asFiles: boolean) => {
    attach(props.roomId, input.files ?? [], asFiles);
    // The same file can be chosen again.
    input.value = '';
  };
  const poll: MenuItem = {
    id: 'attach-poll',
    label: t('preview-poll'),
    icon: 'chart-no-axes-column-increasing',
    select: () => setPolling(true),
  };
  const open = (at: Element) =>
    openMenu(
      at,
      [
        { id: 'attach-photo', label: t('composer-attach-photo'), icon: 'image', select: () => visual.click() },
        ...(matchMedia('(pointer: coarse)').matches
          ? [{ id: 'attach-camera', label: t('composer-attach-camera'), icon: 'camera' as const, select: shoot }]
          : []),
        { id: 'attach-file', label: t('composer-attach-file'), icon: 'file', select: () => any.click() },
        ...(threadNow(props.roomId) === undefined ? [poll] : []),
      ],
      { placement: 'top-end' },
    );
  return (
    <>
      <IconButton
        icon="paperclip"
        label={t('composer-attach')}
        onClick={(event) => open(event.currentTarget)}
        data-testid="attach"
      />
      <input
        ref={visual}
        class={s.input}
        type="file"
        accept="image/*,video/*"
        multiple
        tabIndex={-1}
        aria-hidden="true"
        data-testid="attach-photo-input"
        onChange={() => chosen(visual, false)}
      />
      <input
        ref={camera}
        class={s.input}
        type="file"
        accept="image/*"
        capture="environment"
        tabIndex={-1}
        aria-hidden="true"
        data-testid="attach-camera-input"
        onChange={() => chosen(camera, false)}
      />
      <input
        ref={any}
        class={s.input}
        type="file"
        multiple
        tabIndex={-1}
        aria-hidden="true"
        data-testid="attach-file-input"
        onChange={() => chosen(any, true)}
      />
      <Show when={attaching()?.roomId === props.roomId ? attaching() : undefined} keyed>
        {(now) => (
          <Suspense>
            <SendDialog attaching={now} />
          </Suspense>
        )}
      </Show>
      <Show when={polling()}>
        <Suspense>
          <PollDialog roomId={props.roomId} onClose={() => setPolling(false)} />
        </Suspense>
      </Show>
    </>
  );
}

/** Two zones over the chat while files are dragged into the window. */
export function DropZones(props: { roomId: RoomId }) {
  const [over, setOver] = createSignal(false);
  let leaving: ReturnType<typeof setTimeout> | undefined;
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  const drag = (event: DragEvent) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    clearTimeout(leaving);
    setOver(true);
  };
  const leave = () => {
    // Going from one element to the next leaves too.
    leaving = setTimeout(() => setOver(false), 100);
  };
  const drop = (event: DragEvent) => {
    setOver(false);
    if (hasFiles(event)) event.preventDefault();
  };
  onMount(() => {
    document.addEventListener('dragover', drag);
    document.addEventListener('dragleave', leave);
    document.addEventListener('drop', drop);
    onCleanup(() => {
      clearTimeout(leaving);
      document.removeEventListener('dragover', drag);
      document.removeEventListener('dragleave', leave);
      document.removeEventListener('drop', drop);
    });
  });
  const take = (event: DragEvent, asFiles: boolean) => {
    event.preventDefault();
    attach(props.roomId, event.dataTransfer?.files ?? [], asFiles);
  };
  return (
    <Show when={over()}>
      <div class={s.zones} data-testid="drop-zones">
        <div class={s.zone} role="note" onDrop={(event) => take(event, true)} data-testid="drop-file">
          {t('drop-file')}
        </div>
        <div class={s.zone} role="note" onDrop={(event) => take(event, false)} data-testid="drop-photo">
          {t('drop-photo')}
        </div>
      </div>
    </Show>
  );
}
