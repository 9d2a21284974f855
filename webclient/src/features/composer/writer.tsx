import { createEffect, on, onCleanup, Show, Suspense, untrack } from 'solid-js';
import { language, t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { emoticonLabel, type PackImage } from '../../model/image-packs';
import { written } from '../../model/marks';
import { viewId } from '../../model/view-ids';
import { useClient } from '../../store/context';
import type { EventId, RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { scheduledIn, setListedScheduled } from '../../store/scheduled';
import { clearWriting, noteMention, stopWriting, takeDraft, turnWallpaper, write, writingIn } from '../../store/ui';
import { IconButton } from '../../ui/button';
import { ask } from '../../ui/dialog';
import { pickEmoji } from '../../ui/emoji/emoji-host';
import { Icon } from '../../ui/icon';
import { later, part } from '../../ui/parts';
import { soundOfSending } from '../../ui/sounds';
import { toast } from '../../ui/toast';
import { AttachButton, attach, DropZones } from './attach';
import { commandIn, runCommand } from './commands';
import s from './composer.module.css';
import { editLast } from './edit-last';
import { FormatTip } from './format-tip';
import type { SendHow } from './later/send-menu';
import { createLink } from './link';
import { insertText, markKey } from './marking';
import { nearbyReply } from './nearby-reply';
import { ReplyBar } from './reply-bar';
import { SendButton } from './send-button';
import { Stickers } from './stickers';
import { createSuggestions, Suggestions } from './suggestions';
import { keepDraft, tellTyping } from './telling';
import { createVoice, VoiceButton, VoiceStrip } from './voice';

const LinkBar = part(async () => (await import('./link-bar')).LinkBar);
const SlowSend = part(async () => (await import('./slow/slow-send')).SlowSend);
const slowParts = later(() => import('./slow/waiting'));
const pasteParts = later(() => import('./paste'));
const laterParts = later(() => import('./later/send-menu'));

/** Longer texts are offered as a file: an event holds at most 64 KiB. */
const longest = 15_000;
/** From so many signs on, what is pasted is offered as a file. */
const longPaste = 4000;
const isMarked = /<(b|strong|i|em|u|ins|s|strike|del|code|pre|a|blockquote|li)[\s>]/i;

/** The field in which messages are written, with all that hangs on it. */
export function Writer(props: { roomId: RoomId; thread?: EventId | undefined }) {
  const client = useClient();
  const { state, commands } = client;
  let input!: HTMLTextAreaElement;
  const view = () => viewId(props.roomId, props.thread ?? null);
  const writing = () => writingIn(view());
  const typing = tellTyping(commands);
  const drafts = keepDraft(commands);
  const voice = createVoice(() => props.roomId);
  const link = createLink(commands, () =>
    writing().editing || !state.own.settings.linkPreviews ? null : writing().text,
  );
  const suggestions = createSuggestions({ roomId: () => props.roomId, input: () => input, change: () => typed() });

  createEffect(
    on(
      () => props.roomId,
      (roomId) => {
        const draft = props.thread ? undefined : state.drafts[roomId];
        if (draft) takeDraft(roomId, draft);
        // With the frame: to focus now would lay out a chat whose messages are still to come.
        const focused = document.activeElement;
        const frame = requestAnimationFrame(() => {
          const isTaken = ![focused, document.body].includes(document.activeElement);
          if (!isTaken && matchMedia('(pointer: fine)').matches) input.focus({ preventScroll: true });
        });
        onCleanup(() => {
          cancelAnimationFrame(frame);
          typing.stop(roomId);
          if (!props.thread) drafts.now(roomId);
        });
      },
    ),
  );
  createEffect(() => {
    const { text } = writing();
    if (input.value !== text) input.value = text;
    // An empty field has one line: to measure it would lay out the whole page.
    input.style.height = text ? '0' : '';
    if (text) input.style.height = `${input.scrollHeight}px`;
  });
  createEffect(
    on(
      () => [writing().replyTo, writing().editing],
      ([reply, editing]) => {
        if (reply || editing) input.focus({ preventScroll: true });
        keep();
      },
      { defer: true },
    ),
  );

  const typed = () => {
    write(view(), input.value);
    if (input.value.trim() && !writing().editing) typing.start(props.roomId);
    else typing.stop(props.roomId);
    keep();
    suggestions.look();
  };
  /** What is written in a thread stays with this page. */
  const keep = () => {
    if (!props.thread) drafts.soon(props.roomId);
  };
  const isSlow = () => {
    const room = state.rooms[props.roomId];
    return room !== undefined && room.group.slowModeS > 0 && !room.my.redactOthers && !writing().editing;
  };
  const submit = async (how: SendHow = {}) => {
    const { roomId } = props;
    suggestions.close();
    if (untrack(isSlow) && !how.at && (await slowParts()).waitingIn(state, roomId) > Date.now()) return;
    const { text, editing } = untrack(writing);
    if (!text.trim()) return;
    const command = editing || props.thread ? null : commandIn(text);
    if (command) {
      if (await runCommand(client, roomId, command)) {
        clearWriting(roomId);
        drafts.now(roomId);
      }
      return;
    }
    if (text.length > longest) {
      const file = new File([text], 'message.txt', { type: 'text/plain' });
      const answer = () => {
        clearWriting(view());
        attach(roomId, [file], true);
      };
      ask({ title: t('composer-long'), yes: t('composer-attach-file'), no: t('composer-cancel'), answer });
      return;
    }
    await send(roomId, how);
  };
  // The text is gone at once, so that nothing is sent twice and the next message need not wait.
  const send = async (roomId: RoomId, how: SendHow) => {
    const { text, editing, original, replyTo, mentions, quote } = untrack(writing);
    const withLink = untrack(() => link.of(text));
    const place = view();
    const { thread } = props;
    clearWriting(place);
    typing.stop(roomId);
    try {
      if (editing) {
        if (text.trim() !== original.trim()) await commands.edit(roomId, editing, written(text.trim(), mentions));
      } else {
        const relation = { ...(replyTo ? { replyTo, quote } : {}), ...(thread ? { thread } : {}) };
        const silent = how.silent ? { silent: how.silent } : {};
        const draft = { ...written(text.trim(), mentions), ...relation, ...withLink, ...silent };
        if (how.at) await (await laterParts()).schedule(commands, roomId, draft, how.at);
        else {
          // First of all it goes out and stands in the chat.
          const sent = commands.sendMessage(roomId, draft);
          turnWallpaper();
          if (state.own.settings.sendSound) soundOfSending(state.own.settings.volume);
          await sent;
        }
      }
      if (!thread) drafts.now(roomId);
    } catch (error) {
      if (!writingIn(place).text) write(place, text);
      toast(errorText(errorInfo(error)));
    }
  };
  const keyed = (event: KeyboardEvent) => {
    if (event.isComposing || suggestions.keyed(event)) return;
    const touch = matchMedia('(pointer: coarse)').matches;
    const command = event.ctrlKey || event.metaKey;
    if (markKey(event, input)) {
      event.preventDefault();
      event.stopPropagation();
      typed();
    } else if (event.key === 'Enter' && !event.shiftKey && !touch && command === state.own.settings.ctrlEnter) {
      event.preventDefault();
      void submit();
    } else if (command && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      event.preventDefault();
      nearbyReply(state, view(), event.key === 'ArrowUp' ? -1 : 1);
    } else if (event.key === 'ArrowUp' && input.value === '' && !writing().editing) {
      if (editLast(state, view())) event.preventDefault();
    } else if (event.key === 'Escape' && stopWriting(view())) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  const pasted = (event: ClipboardEvent) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length > 0) {
      if (writing().editing) return;
      event.preventDefault();
      attach(props.roomId, files);
      return;
    }
    const plain = event.clipboardData?.getData('text/plain') ?? '';
    const html = event.clipboardData?.getData('text/html') ?? '';
    if (plain.length > longPaste && !writing().editing) {
      const before = input.value;
      // First it is pasted: a question would take the focus from the field.
      setTimeout(() => offerAsFile(plain, before));
    }
    if (!isMarked.test(html)) return;
    event.preventDefault();
    const put = (words: string) => {
      insertText(input, words);
      typed();
    };
    void pasteParts().then(
      ({ marksOfPasted }) => put(marksOfPasted(html) || plain),
      () => put(plain),
    );
  };
  /** `before`: what was written when `text` was pasted to it. */
  const offerAsFile = (text: string, before: string) => {
    const answer = () => {
      write(view(), before);
      attach(props.roomId, [new File([text], 'message.txt', { type: 'text/plain' })], true);
    };
    ask({ title: t('composer-paste-long'), yes: t('composer-attach-file'), no: t('composer-paste-keep'), answer });
  };
  const emoji = (at: Element) =>
    pickEmoji(
      at,
      (sign) => {
        insertText(input, sign);
        typed();
      },
      { stay: true, placement: 'top-start' },
    );
  const insertPicture = (image: PackImage) => {
    noteMention(view(), { label: emoticonLabel(image), id: image.mxc });
    insertText(input, `${emoticonLabel(image)} `);
    typed();
  };
  const canSpeak = () => !writing().text.trim() && !writing().editing;
  const more = (at: Element) => void laterParts().then((it) => it.openSendMenu(at, (how) => void submit(how)));
  const button = () => (
    <Show
      when={canSpeak() || voice.active()}
      fallback={<SendButton editing={writing().editing !== null} press={submit} more={more} />}
    >
      <VoiceButton voice={voice} class={s.send} />
    </Show>
  );
  return (
    <>
      <DropZones roomId={props.roomId} />
      <div class={s.input} data-testid="composer-box">
        <Suggestions of={suggestions} />
        <Show when={writing().editing ?? writing().replyTo}>
          <ReplyBar view={view()} />
        </Show>
        <Show when={link.shown()}>
          {(preview) => (
            <Suspense>
              <LinkBar preview={preview()} next={link.others() ? link.next : undefined} onClose={link.leaveOut} />
            </Suspense>
          )}
        </Show>
        <Show when={voice.active()}>
          <VoiceStrip voice={voice} />
        </Show>
        <div class={s.line} hidden={voice.active()}>
          <IconButton
            icon="smile"
            label={t('composer-emoji')}
            onClick={(event) => emoji(event.currentTarget)}
            data-testid="emoji"
          />
          <textarea
            ref={input}
            class={s.text}
            rows={1}
            dir="auto"
            aria-label={t('composer-placeholder')}
            aria-controls={suggestions.list().length > 0 ? 'composer-suggestions' : undefined}
            aria-autocomplete="list"
            placeholder={t('composer-placeholder')}
            data-testid="composer-input"
            enterkeyhint="enter"
            spellcheck={true}
            lang={language()}
            onInput={typed}
            onKeyDown={keyed}
            onPaste={pasted}
            onSelect={() => suggestions.look()}
            onBlur={() => suggestions.close()}
          />
          <Stickers roomId={props.roomId} thread={props.thread} insert={insertPicture} />
          <Show when={!writing().editing && scheduledIn(props.roomId).length > 0}>
            <IconButton
              icon="calendar"
              label={t('later-open')}
              onClick={() => setListedScheduled(props.roomId)}
              data-testid="scheduled"
            />
          </Show>
          <Show when={!writing().editing}>
            <AttachButton roomId={props.roomId} />
          </Show>
        </div>
        <FormatTip input={() => input} change={typed} />
        <Icon name="tail-out" class={s.tail} />
      </div>
      <Show when={isSlow()} fallback={button()}>
        <Suspense fallback={button()}>
          <SlowSend roomId={props.roomId}>{button()}</SlowSend>
        </Suspense>
      </Show>
    </>
  );
}
