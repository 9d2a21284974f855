import { createEffect, Match, on, onCleanup, Show, Switch, untrack } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { clearWriting, stopWriting, takeDraft, turnWallpaper, write, writingIn } from '../../store/ui';
import { Button } from '../../ui/button';
import { Icon } from '../../ui/icon';
import { toast } from '../../ui/toast';
import s from './composer.module.css';
import { editLast } from './edit-last';
import { ReplyBar } from './reply-bar';
import { keepDraft, tellTyping } from './telling';

/** Where messages are written; a line that says why not where nothing may be sent. */
export function Composer(props: { roomId: RoomId }) {
  const { state, commands } = useClient();
  const room = () => state.rooms[props.roomId];
  const join = () => void commands.join(props.roomId).catch((error: unknown) => toast(errorText(errorInfo(error))));
  return (
    <div class={s.place} data-testid="composer">
      <Switch fallback={<Writer roomId={props.roomId} />}>
        <Match when={!room()}>
          <div class={s.notice} />
        </Match>
        <Match when={room()?.encrypted}>
          <p class={s.notice} data-testid="composer-encrypted">
            <Icon name="lock" size={20} />
            {t('composer-encrypted')}
          </p>
        </Match>
        <Match when={room()?.membership !== 'join'}>
          <div class={s.notice} data-testid="composer-left">
            {t('composer-left')}
            <Button onClick={join}>{t('composer-join')}</Button>
          </div>
        </Match>
        <Match when={!room()?.my.sendMessages}>
          <p class={s.notice} data-testid="composer-not-allowed">
            {t('composer-not-allowed')}
          </p>
        </Match>
      </Switch>
    </div>
  );
}

function Writer(props: { roomId: RoomId }) {
  const client = useClient();
  const { state, commands } = client;
  let input!: HTMLTextAreaElement;
  const writing = () => writingIn(props.roomId);
  const typing = tellTyping(commands);
  const drafts = keepDraft(commands);

  createEffect(
    on(
      () => props.roomId,
      (roomId) => {
        const draft = state.drafts[roomId];
        if (draft) takeDraft(roomId, draft);
        if (matchMedia('(pointer: fine)').matches) input.focus({ preventScroll: true });
        onCleanup(() => {
          typing.stop(roomId);
          drafts.now(roomId);
        });
      },
    ),
  );
  createEffect(() => {
    const { text } = writing();
    if (input.value !== text) input.value = text;
    input.style.height = '0';
    input.style.height = `${input.scrollHeight}px`;
  });
  createEffect(
    on(
      () => [writing().replyTo, writing().editing],
      ([reply, editing]) => {
        if (reply || editing) input.focus({ preventScroll: true });
        drafts.soon(props.roomId);
      },
      { defer: true },
    ),
  );

  const typed = () => {
    write(props.roomId, input.value);
    if (input.value.trim() && !writing().editing) typing.start(props.roomId);
    else typing.stop(props.roomId);
    drafts.soon(props.roomId);
  };
  // The text is gone at once, so that nothing is sent twice and the next message need not wait.
  const submit = async () => {
    const roomId = props.roomId;
    const { text, editing, original, replyTo } = untrack(writing);
    if (!text.trim()) return;
    clearWriting(roomId);
    typing.stop(roomId);
    try {
      if (editing) {
        if (text.trim() !== original.trim()) await commands.edit(roomId, editing, text.trim());
      } else {
        turnWallpaper();
        await commands.sendMessage(roomId, { text: text.trim(), ...(replyTo ? { replyTo } : {}) });
      }
      drafts.now(roomId);
    } catch (error) {
      if (!writingIn(roomId).text) write(roomId, text);
      toast(errorText(errorInfo(error)));
    }
  };
  const keyed = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    const touch = matchMedia('(pointer: coarse)').matches;
    if (event.key === 'Enter' && !event.shiftKey && !touch) {
      event.preventDefault();
      void submit();
    } else if (event.key === 'ArrowUp' && input.value === '' && !writing().editing) {
      if (editLast(state, props.roomId)) event.preventDefault();
    } else if (event.key === 'Escape' && stopWriting(props.roomId)) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  return (
    <>
      <div class={s.input} data-testid="composer-box">
        <Show when={writing().editing ?? writing().replyTo}>
          <ReplyBar roomId={props.roomId} />
        </Show>
        <textarea
          ref={input}
          class={s.text}
          rows={1}
          dir="auto"
          aria-label={t('composer-placeholder')}
          placeholder={t('composer-placeholder')}
          data-testid="composer-input"
          enterkeyhint="enter"
          onInput={typed}
          onKeyDown={keyed}
        />
        <Icon name="tail-out" class={s.tail} />
      </div>
      <button
        type="button"
        class={s.send}
        aria-label={t(writing().editing ? 'composer-save' : 'composer-send')}
        data-testid="send"
        data-empty={!writing().text.trim()}
        onPointerDown={(event) => event.preventDefault()}
        onClick={() => void submit()}
      >
        <Show when={writing().editing} fallback={<Icon name="plane" class={s.glyph} />}>
          <Icon name="check" class={s.glyph} />
        </Show>
      </button>
    </>
  );
}
