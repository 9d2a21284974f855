import { createSignal, For, onCleanup, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { written } from '../../model/marks';
import { useClient } from '../../store/context';
import { errorInfo } from '../../store/errors';
import { type Attaching, setAttaching } from '../../store/messages-ui';
import { clearReply, threadNow, turnWallpaper, viewNow, writingIn } from '../../store/ui';
import { Button, IconButton } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { fileSize } from '../../ui/file-size';
import { Icon } from '../../ui/icon';
import { Switch } from '../../ui/switch';
import { toast } from '../../ui/toast';
import { isVisual, prepare } from './prepare';
import s from './send-dialog.module.css';

const album_most = 10;

/** The files about to be sent: a look at them, their order, words with them, and how they go. */
export function SendDialog(props: { attaching: Attaching }) {
  const { commands } = useClient();
  const [files, setFiles] = createSignal(props.attaching.files);
  const [asFiles, setAsFiles] = createSignal(props.attaching.asFiles);
  const [asAlbum, setAsAlbum] = createSignal(true);
  const [caption, setCaption] = createSignal('');
  const [busy, setBusy] = createSignal(false);
  const [dragged, setDragged] = createSignal<File>();
  const visual = () => !asFiles() && files().every(isVisual);
  // While these are made ready others may have been chosen: those stay.
  const close = () => setAttaching((now) => (now === props.attaching ? undefined : now));
  const remove = (file: File) => {
    setFiles((all) => all.filter((one) => one !== file));
    if (files().length === 0) close();
  };
  const moveTo = (place: File) => {
    const moving = dragged();
    if (!moving || moving === place) return;
    setFiles((all) => {
      const rest = all.filter((one) => one !== moving);
      const at = all.indexOf(place);
      return [...rest.slice(0, at), moving, ...rest.slice(at)];
    });
  };
  const send = async () => {
    if (busy()) return;
    setBusy(true);
    const { roomId } = props.attaching;
    const words = caption().trim();
    const place = viewNow(roomId);
    const thread = threadNow(roomId);
    const replyTo = writingIn(place).replyTo ?? undefined;
    try {
      const ready = [];
      for (const file of files()) ready.push(await prepare(file, asFiles()));
      for (let at = 0; at < ready.length; at += album_most) {
        const isFirst = at === 0;
        await commands.sendFiles(roomId, {
          thread,
          files: ready.slice(at, at + album_most),
          asAlbum: visual() && asAlbum(),
          ...(isFirst && words !== '' ? { caption: written(words) } : {}),
          ...(isFirst && replyTo ? { replyTo } : {}),
        });
      }
      clearReply(place);
      turnWallpaper();
      close();
    } catch (error) {
      toast(errorText(errorInfo(error)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={t(visual() ? 'send-title-photo' : 'send-title-file', { count: files().length })}
      onClose={close}
      testid="send-dialog"
    >
      <div class={s.body}>
        <ul class={s.list} data-visual={visual()}>
          <For each={files()}>
            {(file) => (
              <li
                class={s.item}
                draggable={true}
                data-testid="send-item"
                onDragStart={() => setDragged(file)}
                onDragOver={(event) => {
                  event.preventDefault();
                  event.stopPropagation();
                  moveTo(file);
                }}
                onDragEnd={() => setDragged(undefined)}
              >
                <Show when={visual()} fallback={<Named file={file} />}>
                  <Preview file={file} />
                </Show>
                <IconButton icon="x" label={t('send-remove')} class={s.remove} onClick={() => remove(file)} />
              </li>
            )}
          </For>
        </ul>
        <Show when={files().every(isVisual)}>
          <Option
            label={t('send-as-file')}
            on={asFiles()}
            toggle={() => setAsFiles((now) => !now)}
            testid="send-as-file"
          />
        </Show>
        <Show when={visual() && files().length > 1}>
          <Option
            label={t('send-as-album')}
            on={asAlbum()}
            toggle={() => setAsAlbum((now) => !now)}
            testid="send-as-album"
          />
        </Show>
        <textarea
          class={s.caption}
          rows={1}
          dir="auto"
          placeholder={t('send-caption')}
          aria-label={t('send-caption')}
          data-testid="send-caption"
          value={caption()}
          onInput={(event) => setCaption(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            void send();
          }}
        />
      </div>
      <DialogButtons>
        <Button onClick={close}>{t('composer-cancel')}</Button>
        <Button onClick={() => void send()} busy={busy()} data-testid="send-files">
          {busy() ? t('send-preparing') : t('forward-send')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}

function Option(props: { label: string; on: boolean; toggle: () => void; testid: string }) {
  return (
    <button
      type="button"
      role="switch"
      aria-checked={props.on}
      class={s.option}
      onClick={props.toggle}
      data-testid={props.testid}
    >
      {props.label}
      <Switch on={props.on} />
    </button>
  );
}

function Preview(props: { file: File }) {
  const url = URL.createObjectURL(props.file);
  onCleanup(() => URL.revokeObjectURL(url));
  return (
    <Show when={props.file.type.startsWith('video/')} fallback={<img class={s.preview} src={url} alt="" />}>
      <video class={s.preview} src={url} muted preload="metadata" />
      <Icon name="play" class={s.play} />
    </Show>
  );
}

function Named(props: { file: File }) {
  return (
    <>
      <span class={s.kind}>
        <Icon name="file" />
      </span>
      <span class={s.words}>
        <span class={s.name}>{props.file.name}</span>
        <span class={s.size}>{fileSize(props.file.size)}</span>
      </span>
    </>
  );
}
