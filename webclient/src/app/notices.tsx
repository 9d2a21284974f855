import { createSignal, onCleanup, Show } from 'solid-js';
import { t } from '../i18n';
import { errorText, previewText } from '../i18n/words';
import { written } from '../model/marks';
import { useClient } from '../store/context';
import type { Room } from '../store/contract';
import { errorInfo } from '../store/errors';
import { type Notice, watchNotices } from '../store/notices';
import { nameOf } from '../store/people';
import { goTo, route } from '../store/ui';
import { Avatar } from '../ui/avatar';
import { IconButton } from '../ui/button';
import { soundOfArrival } from '../ui/sounds';
import { toast } from '../ui/toast';
import s from './notices.module.css';

const shown_ms = 5000;
const pause_ms = 400;

/** Tells of what comes while one looks elsewhere: a card in the page, a sound, a notification of the system. */
export function Notices() {
  const { state, commands } = useClient();
  const [card, setCard] = createSignal<Notice>();
  const [answer, setAnswer] = createSignal('');
  const told = new Map<string, Notification>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lastSound = 0;
  let leads = false;
  const giveUp = new AbortController();
  // Of several tabs only one makes a noise.
  if (navigator.locks) {
    void navigator.locks
      .request('hearth-notices', { signal: giveUp.signal }, () => {
        leads = true;
        return new Promise(() => undefined);
      })
      .catch(() => undefined);
  } else {
    leads = true;
  }
  const answering = () => document.activeElement?.closest('[data-testid=notice]') !== null && answer() !== '';
  /** The card goes by itself, but not from under somebody who writes in it. */
  const stay = (on: boolean) => {
    clearTimeout(timer);
    if (!on) timer = setTimeout(() => setCard(undefined), shown_ms);
  };
  const words = (room: Room) => {
    const preview = room.preview;
    if (!preview || !state.own.settings.previews) return t('notice-new');
    const text = previewText(preview.body);
    return room.kind === 'dm' ? text : `${nameOf(state, room.id, preview.sender)}: ${text}`;
  };
  const desktop = (room: Room) => {
    if (!leads || !state.own.settings.desktop || globalThis.Notification?.permission !== 'granted') return;
    const one = new Notification(room.name || t('chat-empty-name'), { body: words(room), tag: room.id, silent: true });
    told.set(room.id, one);
    one.onclick = () => {
      window.focus();
      goTo(room.id);
      one.close();
    };
  };
  const tell = (notice: Notice) => {
    const { room } = notice;
    const hidden = document.visibilityState === 'hidden';
    const looking = route().roomId === room.id && !hidden;
    if (room.muted && !notice.mention) return;
    if (looking || state.own.blocked.includes(room.preview?.sender ?? '')) return;
    const quiet = room.preview?.silent === true;
    if (leads && !quiet && state.own.settings.sound && Date.now() - lastSound > pause_ms) {
      lastSound = Date.now();
      soundOfArrival(state.own.settings.volume);
    }
    if (hidden) return desktop(room);
    if (!state.own.settings.cards) return;
    // Who is writing an answer to one is not interrupted by the next.
    if (answering()) return;
    setCard(notice);
    stay(false);
  };
  const read = (room: Room) => {
    told.get(room.id)?.close();
    told.delete(room.id);
    if (card()?.room.id === room.id) setCard(undefined);
  };
  watchNotices(state, tell, read);
  onCleanup(() => {
    clearTimeout(timer);
    giveUp.abort();
    for (const one of told.values()) one.close();
  });
  const maySay = (room: Room) => room.my.sendMessages && !room.encrypted;
  const send = (event: SubmitEvent, room: Room) => {
    event.preventDefault();
    const text = answer().trim();
    if (text === '') return;
    const tellWhy = (error: unknown) => toast(errorText(errorInfo(error)));
    void commands.sendMessage(room.id, written(text)).catch(tellWhy);
    void commands.markRead(room.id).catch(() => undefined);
    setAnswer('');
    setCard(undefined);
  };
  const open = (room: Room) => {
    setCard(undefined);
    goTo(room.id);
  };
  return (
    <Show when={card()} keyed>
      {(notice) => (
        <div class={s.card} role="status" data-testid="notice">
          <div class={s.head}>
            <button type="button" class={s.open} onClick={() => open(notice.room)} data-testid="notice-open">
              <Avatar
                id={notice.room.dmUserId ?? notice.room.id}
                name={notice.room.name}
                photo={notice.room.avatar}
                size={42}
              />
              <span class={s.words}>
                <span class={s.title}>{notice.room.name || t('chat-empty-name')}</span>
                <span class={s.text}>{words(notice.room)}</span>
              </span>
            </button>
            <IconButton icon="x" label={t('info-close')} onClick={() => setCard(undefined)} />
          </div>
          <Show when={maySay(notice.room)}>
            <form class={s.answer} onSubmit={(event) => send(event, notice.room)}>
              <input
                class={s.field}
                type="text"
                value={answer()}
                placeholder={t('notice-answer')}
                aria-label={t('notice-answer')}
                autocomplete="off"
                data-testid="notice-answer"
                onFocus={() => stay(true)}
                onBlur={() => stay(false)}
                onInput={(event) => setAnswer(event.currentTarget.value)}
              />
              <Show when={answer().trim() !== ''}>
                <IconButton type="submit" icon="send-horizontal" label={t('composer-send')} data-testid="notice-send" />
              </Show>
            </form>
          </Show>
        </div>
      )}
    </Show>
  );
}
