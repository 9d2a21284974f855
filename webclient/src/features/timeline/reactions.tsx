import { For, Show } from 'solid-js';
import { language, t } from '../../i18n';
import { useClient } from '../../store/context';
import type { Reaction, RoomId, TimelineItem } from '../../store/contract';
import { setTold } from '../../store/messages-ui';
import { nameOf, photoOf } from '../../store/people';
import { Avatar } from '../../ui/avatar';
import { longPress } from '../../ui/long-press';
import s from './bubble.module.css';

const faces = 3;
const named = 12;

/** What people answered with one sign each: a press joins in or takes it back, the tooltip names them. */
export function Reactions(props: { roomId: RoomId; item: TimelineItem }) {
  const { state, commands } = useClient();
  const toggle = (key: string) => {
    if (props.item.eventId) void commands.react(props.roomId, props.item.eventId, key).catch(() => undefined);
  };
  /** A finger has rested on it: that is no press. */
  let held = false;
  const tellWho = () => {
    const { roomId } = props;
    held = true;
    if (props.item.eventId) setTold({ roomId, eventId: props.item.eventId, of: 'reactions' });
  };
  const name = (id: string) => nameOf(state, props.roomId, id);
  const names = (reaction: Reaction) => {
    const shown = reaction.senders.slice(0, named).map(name);
    const rest = reaction.senders.length - shown.length;
    const all = rest > 0 ? [...shown, t('service-others', { count: rest })] : shown;
    return t('message-reacted-by', { key: reaction.key, names: new Intl.ListFormat(language()).format(all) });
  };
  return (
    <Show when={props.item.reactions.length > 0}>
      <div
        class={s.reactions}
        on:pointerdown={(event) => {
          held = false;
          // The menu of the message is not meant.
          if (event.pointerType === 'touch') event.stopPropagation();
        }}
      >
        <For each={props.item.reactions}>
          {(reaction) => (
            <button
              type="button"
              class={s.reaction}
              data-testid="reaction"
              aria-pressed={reaction.mine}
              data-tooltip={names(reaction)}
              onClick={() => {
                if (!held) toggle(reaction.key);
              }}
              onContextMenu={(event) => {
                event.preventDefault();
                event.stopPropagation();
                if (!held) tellWho();
              }}
              ref={longPress(tellWho)}
            >
              <span class={s.emoji} aria-hidden="true">
                {reaction.key}
              </span>
              <span class="visually-hidden">{t('message-reaction', { key: reaction.key, count: reaction.count })}</span>
              <Show
                when={reaction.count <= faces && props.item.reactions.length < 4}
                fallback={<span aria-hidden="true">{reaction.count}</span>}
              >
                <span class={s.faces}>
                  <For each={reaction.senders}>
                    {(id) => (
                      <Avatar
                        id={id}
                        name={name(id)}
                        photo={photoOf(state, props.roomId, id)}
                        size={20}
                        testid="reactor"
                      />
                    )}
                  </For>
                </span>
              </Show>
            </button>
          )}
        </For>
      </div>
    </Show>
  );
}
