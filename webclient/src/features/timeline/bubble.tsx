import { createSignal, For, Match, Show, Switch } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { RoomId, TimelineItem } from '../../store/contract';
import { colourOf } from '../../ui/colour';
import { Icon } from '../../ui/icon';
import { longPress } from '../../ui/long-press';
import s from './bubble.module.css';
import { openMessageMenu } from './message-menu';
import { MessageText } from './message-text';
import { ReplyQuote } from './reply-quote';
import { TimeMark } from './time-mark';

type BubbleProps = {
  roomId: RoomId;
  item: TimelineItem;
  own: boolean;
  first: boolean;
  last: boolean;
  /** Name above the first bubble; undefined where it would say nothing. */
  name: string | undefined;
  flash: boolean;
};

/** One message. */
export function Bubble(props: BubbleProps) {
  const client = useClient();
  const [fresh] = createSignal(props.item.eventId === null);
  const menu = (x: number, y: number) => openMessageMenu(client, props.roomId, props.item, { x, y });
  const keyed = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    if (event.key !== 'Enter' || event.target !== event.currentTarget) return;
    event.preventDefault();
    const box = event.currentTarget.getBoundingClientRect();
    menu(box.left + 24, box.top + 24);
  };
  return (
    <article
      class={s.row}
      classList={{
        [s.own ?? '']: props.own,
        [s.first ?? '']: props.first,
        [s.last ?? '']: props.last,
        [s.flash ?? '']: props.flash,
      }}
      data-key={props.item.key}
      data-event={props.item.eventId}
      data-testid="message"
      data-own={props.own}
      data-kind={props.item.kind}
      tabIndex={-1}
      onKeyDown={keyed}
      onContextMenu={(event) => {
        event.preventDefault();
        menu(event.clientX, event.clientY);
      }}
      {...longPress(menu)}
    >
      <div class={s.bubble} data-fresh={fresh()} data-testid="bubble">
        <Show when={props.first && props.name}>
          {(name) => (
            <div class={s.name} data-name-colour={colourOf(props.item.sender)} data-testid="sender-name">
              {name()}
            </div>
          )}
        </Show>
        <Show when={props.item.kind === 'message' && props.item.reply}>
          {(reply) => <ReplyQuote reply={reply()} own={props.own} />}
        </Show>
        <Switch fallback={<MessageText item={props.item} />}>
          <Match when={props.item.kind === 'encrypted'}>
            <span class={s.muted} data-testid="encrypted-message">
              <Icon name="lock" size={16} class={s.sign} />
              {t('message-encrypted')}
            </span>
          </Match>
          <Match when={props.item.kind === 'redacted'}>
            <span class={s.muted} data-testid="redacted-message">
              <Icon name="trash-2" size={16} class={s.sign} />
              {t('message-deleted')}
            </span>
          </Match>
          <Match when={props.item.kind === 'unknown'}>
            <span class={s.muted}>{t('preview-unknown')}</span>
          </Match>
        </Switch>
        <TimeMark item={props.item} menu={menu} />
        <Reactions roomId={props.roomId} item={props.item} />
        <Show when={props.last}>
          <Icon name={props.own ? 'tail-out' : 'tail-in'} class={s.tail} />
        </Show>
      </div>
    </article>
  );
}

function Reactions(props: { roomId: RoomId; item: TimelineItem }) {
  const { commands } = useClient();
  const toggle = (key: string) => {
    if (props.item.eventId) void commands.react(props.roomId, props.item.eventId, key).catch(() => undefined);
  };
  return (
    <Show when={props.item.reactions.length > 0}>
      <div class={s.reactions}>
        <For each={props.item.reactions}>
          {(reaction) => (
            <button
              type="button"
              class={s.reaction}
              data-testid="reaction"
              aria-pressed={reaction.mine}
              aria-label={t('message-reaction', { key: reaction.key, count: reaction.count })}
              onClick={() => toggle(reaction.key)}
            >
              <span class={s.emoji}>{reaction.key}</span>
              {reaction.count}
            </button>
          )}
        </For>
      </div>
    </Show>
  );
}
