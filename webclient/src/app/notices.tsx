import { createSignal, onCleanup, Show } from 'solid-js';
import { t } from '../i18n';
import { previewText } from '../i18n/words';
import { useClient } from '../store/context';
import type { Room } from '../store/contract';
import { type Notice, watchNotices } from '../store/notices';
import { nameOf } from '../store/people';
import { goTo, route } from '../store/ui';
import { Avatar } from '../ui/avatar';
import { IconButton } from '../ui/button';
import { soundOfArrival } from '../ui/sounds';
import s from './notices.module.css';

const shown_ms = 5000;
const pause_ms = 400;

/** Tells of what comes while one looks elsewhere: a card in the page, a sound, a notification of the system. */
export function Notices() {
  const { state } = useClient();
  const [card, setCard] = createSignal<Notice>();
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
    setCard(notice);
    clearTimeout(timer);
    timer = setTimeout(() => setCard(undefined), shown_ms);
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
  const open = (room: Room) => {
    setCard(undefined);
    goTo(room.id);
  };
  return (
    <Show when={card()} keyed>
      {(notice) => (
        <div class={s.card} role="status" data-testid="notice">
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
      )}
    </Show>
  );
}
