import { createEffect, createSignal, on, onCleanup, onMount, Show } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { RoomId, TimelineItem } from '../../store/contract';
import { isPicking } from '../../store/messages-ui';
import { replyTo, viewNow } from '../../store/ui';
import { Icon } from '../../ui/icon';
import { mayAnswer } from './answering';
import s from './hover-actions.module.css';
import { isGliding } from './scroll';

interface Place {
  readonly item: TimelineItem;
  readonly x: number;
  readonly y: number;
  readonly own: boolean;
}

const width_px = 68;
const height_px = 32;
const gap_px = 8;

type HoverProps = {
  content: HTMLElement;
  roomId: RoomId;
  /** What is shown: when it changes, messages may have moved. */
  sections: unknown;
  item: (key: string) => TimelineItem | undefined;
};

/**
 * Two short cuts beside the message that the mouse is over: to answer it, and the first reaction. One pair for the whole
 * timeline; the menu of the message does the same for keyboards and fingers.
 */
export function HoverActions(props: HoverProps) {
  const client = useClient();
  let pair: HTMLDivElement | undefined;
  const favourite = () => client.state.own.settings.favourite;
  const [place, setPlace] = createSignal<Place>();
  const hide = () => setPlace(undefined);
  const over = (event: PointerEvent) => {
    // While messages glide under it, the mouse is over none of them.
    if (event.pointerType !== 'mouse' || event.buttons !== 0 || isGliding()) return hide();
    const target = event.target instanceof Element ? event.target : null;
    if (target && pair?.contains(target)) return;
    const row = target?.closest<HTMLElement>('[data-testid=message]');
    const item = row ? props.item(row.dataset.key ?? '') : undefined;
    const bubble = row?.querySelector<HTMLElement>('[data-testid=bubble]');
    if (!item?.eventId || !bubble || isPicking() || !mayAnswer(client, props.roomId, item)) return hide();
    if (place()?.item === item) return;
    const of = props.content.getBoundingClientRect();
    const box = bubble.getBoundingClientRect();
    const own = row?.dataset.own === 'true';
    const after = own !== (getComputedStyle(bubble).direction === 'rtl');
    const x = after ? box.left - of.left - width_px - gap_px : box.right - of.left + gap_px;
    setPlace({ item, own, x: Math.max(0, Math.min(x, of.width - width_px)), y: box.bottom - of.top - height_px });
  };
  createEffect(on(() => props.sections, hide, { defer: true }));
  onMount(() => {
    const { content } = props;
    content.addEventListener('pointerover', over);
    content.addEventListener('pointerleave', hide);
    content.addEventListener('pointerdown', press);
    onCleanup(() => {
      content.removeEventListener('pointerover', over);
      content.removeEventListener('pointerleave', hide);
      content.removeEventListener('pointerdown', press);
    });
  });
  /** Whatever else is pressed, a menu say, has nothing beside it. */
  const press = (event: PointerEvent) => {
    if (!pair?.contains(event.target as Node)) hide();
  };
  const answer = (item: TimelineItem) => {
    hide();
    if (item.eventId) replyTo(viewNow(props.roomId), item.eventId);
  };
  const react = (item: TimelineItem) => {
    hide();
    if (item.eventId) void client.commands.react(props.roomId, item.eventId, favourite()).catch(() => undefined);
  };
  return (
    <Show when={place()}>
      {(at) => (
        <div
          ref={pair}
          class={s.pair}
          data-own={at().own}
          data-testid="hover-actions"
          style={{ '--x': `${Math.round(at().x)}px`, '--y': `${Math.round(at().y)}px` }}
        >
          <button
            type="button"
            class={s.round}
            tabIndex={-1}
            aria-label={t('message-reply')}
            data-testid="hover-reply"
            onClick={() => answer(at().item)}
          >
            <Icon name="reply" size={20} />
          </button>
          <button
            type="button"
            class={s.round}
            tabIndex={-1}
            aria-label={t('hover-react', { sign: favourite() })}
            data-testid="hover-react"
            onClick={() => react(at().item)}
          >
            <span aria-hidden="true">{favourite()}</span>
          </button>
        </div>
      )}
    </Show>
  );
}
