import { createEffect, createMemo, createSignal, For, on, onCleanup, onMount, Show } from 'solid-js';
import { t } from '../../i18n';
import { dateAndTime } from '../../i18n/dates';
import { useClient } from '../../store/context';
import { download } from '../../store/downloads';
import { createMediaUrl } from '../../store/media';
import { askToDelete, goToEvent, setForwarding } from '../../store/messages-ui';
import { nameOf, photoOf } from '../../store/people';
import { setViewing, type Viewing } from '../../store/viewer';
import { Avatar } from '../../ui/avatar';
import { IconButton } from '../../ui/button';
import { keepFocus } from '../../ui/focus';
import { pushLayer } from '../../ui/layers';
import { mayMove } from '../../ui/motion';
import { galleryOf, type Shown } from './gallery';
import { Video } from './video';
import s from './viewer.module.css';
import { createZoom } from './zoom';

const fly_ms = 200;
const strip_each_side = 4;

/** Photos and films over the whole window: zoom, the next and the one before, and what can be done with them. */
export function Viewer(props: { viewing: Viewing }) {
  const { state, commands } = useClient();
  let box!: HTMLDialogElement;
  let frame!: HTMLDivElement;
  const all = createMemo(() => galleryOf(state, props.viewing.roomId));
  const [key, setKey] = createSignal(props.viewing.key);
  const at = () => all().findIndex((one) => one.item.key === key());
  const shown = () => all()[at()];
  const zoom = createZoom();
  const go = (by: number) => {
    const next = all()[at() + by];
    if (!next) {
      if (by < 0 && state.timelines[props.viewing.roomId]?.hasOlder) {
        void commands.loadOlder(props.viewing.roomId).catch(() => undefined);
      }
      return;
    }
    zoom.reset();
    setKey(next.item.key);
  };
  const close = () => setViewing(undefined);
  const inChat = () => {
    const eventId = shown()?.item.eventId;
    close();
    if (eventId) goToEvent(props.viewing.roomId, eventId);
  };
  const forward = () => {
    const eventId = shown()?.item.eventId;
    close();
    if (eventId) setForwarding([{ roomId: props.viewing.roomId, eventId }]);
  };
  const remove = () => {
    const now = shown();
    if (now) askToDelete()?.([now.item]);
  };
  const save = () => {
    const now = shown();
    if (now?.media.mxc) void download(commands, now.media.mxc, now.media.name, now.media.size);
  };
  const actions: Record<string, () => void> = {
    ArrowLeft: () => go(-1),
    ArrowRight: () => go(1),
    Home: () => go(-at()),
    End: () => go(all().length - 1 - at()),
    '+': () => zoom.by(0.5),
    '=': () => zoom.by(0.5),
    '-': () => zoom.by(-0.5),
    '0': zoom.reset,
    r: zoom.turn,
  };
  const keyed = (event: KeyboardEvent) => {
    const act = actions[event.key];
    if (!act || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  keepFocus();
  onMount(() => {
    box.showModal();
    const pop = pushLayer(close);
    flyFrom(props.viewing.from, frame);
    onCleanup(() => {
      pop();
      box.close();
    });
  });
  // What was shown is gone: deleted, or out of what is loaded.
  createEffect(
    on(
      shown,
      (now) => {
        if (now === undefined) close();
      },
      { defer: true },
    ),
  );
  const near = () => all().slice(Math.max(0, at() - strip_each_side), at() + strip_each_side + 1);
  return (
    <dialog
      ref={box}
      class={s.viewer}
      aria-label={t('media-viewer')}
      data-testid="viewer"
      onKeyDown={keyed}
      on:cancel={(event: Event) => {
        event.preventDefault();
        close();
      }}
    >
      <header class={s.head}>
        <Show when={shown()}>
          {(now) => (
            <button type="button" class={s.who} onClick={inChat} data-tooltip={t('media-show-in-chat')}>
              <Avatar
                id={now().item.sender}
                name={nameOf(state, props.viewing.roomId, now().item.sender)}
                photo={photoOf(state, props.viewing.roomId, now().item.sender)}
                size={44}
              />
              <span>
                <b data-testid="viewer-sender">{nameOf(state, props.viewing.roomId, now().item.sender)}</b>
                <time>{dateAndTime(now().item.ts)}</time>
              </span>
            </button>
          )}
        </Show>
        <span class={s.tools}>
          <Show when={askToDelete()}>
            <IconButton icon="trash-2" label={t('message-delete')} onClick={remove} data-testid="viewer-delete" />
          </Show>
          <IconButton icon="forward" label={t('message-forward')} onClick={forward} data-testid="viewer-forward" />
          <IconButton
            icon="download"
            label={t('media-save', { name: '' }).trim()}
            onClick={save}
            data-testid="viewer-save"
          />
          <Show when={shown()?.media.kind === 'image'}>
            <IconButton icon="zoom-out" label={t('media-zoom-out')} onClick={() => zoom.by(-0.5)} />
            <IconButton
              icon="zoom-in"
              label={t('media-zoom-in')}
              onClick={() => zoom.by(0.5)}
              data-testid="viewer-zoom-in"
            />
            <IconButton icon="rotate-cw" label={t('media-rotate')} onClick={zoom.turn} />
          </Show>
          <IconButton icon="x" label={t('info-close')} onClick={close} data-testid="viewer-close" />
        </span>
      </header>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: Esc and the buttons do the same */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: Esc closes */}
      <div
        class={s.stage}
        onClick={(event) => {
          if (event.target === event.currentTarget) close();
        }}
        {...zoom.listeners}
      >
        <div ref={frame} class={s.frame}>
          <Show when={shown()} keyed>
            {(now) => <Picture shown={now} zoom={zoom} />}
          </Show>
        </div>
      </div>
      <Show when={at() > 0}>
        <button
          type="button"
          class={s.arrow}
          data-side="before"
          aria-label={t('media-previous')}
          onClick={() => go(-1)}
          data-testid="viewer-before"
        >
          ‹
        </button>
      </Show>
      <Show when={at() < all().length - 1}>
        <button
          type="button"
          class={s.arrow}
          data-side="after"
          aria-label={t('media-next')}
          onClick={() => go(1)}
          data-testid="viewer-after"
        >
          ›
        </button>
      </Show>
      <footer class={s.foot}>
        <Show when={shown()?.media.caption}>
          {(words) => (
            <p class={s.caption} dir="auto" data-testid="viewer-caption">
              {words()}
            </p>
          )}
        </Show>
        <Show when={all().length > 1}>
          <div class={s.strip}>
            <For each={near()}>
              {(one) => (
                <button
                  type="button"
                  class={s.thumb}
                  aria-label={one.media.name}
                  aria-current={one.item.key === key()}
                  onClick={() => {
                    zoom.reset();
                    setKey(one.item.key);
                  }}
                >
                  <Thumb shown={one} />
                </button>
              )}
            </For>
          </div>
        </Show>
      </footer>
    </dialog>
  );
}

function Picture(props: { shown: Shown; zoom: ReturnType<typeof createZoom> }) {
  const small = createMediaUrl(
    () => props.shown.media.thumbnail ?? (props.shown.media.kind === 'image' ? props.shown.media.mxc : null),
    () => ({ w: 800, h: 600 }),
  );
  const whole = createMediaUrl(
    () => props.shown.media.mxc,
    () => null,
  );
  const [loaded, setLoaded] = createSignal(false);
  return (
    <Show
      when={props.shown.media.kind === 'image'}
      fallback={
        <Show when={whole()}>{(src) => <Video src={src()} poster={small()} label={props.shown.media.name} />}</Show>
      }
    >
      <div
        class={s.picture}
        style={{ '--zoom': props.zoom.transform() }}
        data-testid="viewer-picture"
        data-loaded={loaded()}
      >
        <Show when={!loaded()}>
          <img class={s.image} src={small()} alt="" draggable={false} />
        </Show>
        <img
          class={s.image}
          src={whole()}
          alt={props.shown.media.name}
          draggable={false}
          hidden={!loaded()}
          onLoad={() => setLoaded(true)}
        />
      </div>
    </Show>
  );
}

function Thumb(props: { shown: Shown }) {
  const url = createMediaUrl(
    () => props.shown.media.thumbnail ?? (props.shown.media.kind === 'image' ? props.shown.media.mxc : null),
    () => ({ w: 96, h: 96 }),
  );
  return <Show when={url()}>{(src) => <img src={src()} alt="" />}</Show>;
}

/** Lets the picture come out of the place where it was pressed. */
function flyFrom(from: DOMRect | null, frame: HTMLElement): void {
  if (!from || !mayMove()) return;
  const to = frame.getBoundingClientRect();
  const scale = Math.max(0.05, from.width / Math.max(1, to.width));
  const x = from.left + from.width / 2 - (to.left + to.width / 2);
  const y = from.top + from.height / 2 - (to.top + to.height / 2);
  frame.animate(
    [
      { transform: `translate(${x}px, ${y}px) scale(${scale})`, opacity: 0.4 },
      { transform: 'none', opacity: 1 },
    ],
    { duration: fly_ms, easing: 'cubic-bezier(0.4, 0, 0.2, 1)' },
  );
}
