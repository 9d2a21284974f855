import { createComputed, createMemo, createSelector, createSignal, For, Match, Show, Switch, untrack } from 'solid-js';
import { useClient } from '../../store/context';
import type { RoomId, TimelineItem } from '../../store/contract';
import { isPicking } from '../../store/messages-ui';
import { me, nameOf, photoOf } from '../../store/people';
import { Avatar } from '../../ui/avatar';
import { albumRuns } from './albums';
import { Bubble } from './bubble';
import { roleOf } from './role';
import { ServiceLines } from './service-lines';
import s from './timeline.module.css';

type GroupProps = {
  roomId: RoomId;
  keys: readonly string[];
  events: Readonly<Record<string, TimelineItem>>;
  flashed: string | undefined;
  /** A message was deleted: true when it is to fade, and leaves nothing. */
  goes: (key: string) => boolean;
};

/** Bubbles of one sender in a row, with the avatar that stays in sight beside them; or service lines. */
export function Group(props: GroupProps) {
  const { state } = useClient();
  // Who they are of, and what they are, stays: bubbles have nothing to do when others join them.
  const first = untrack(() => props.events[props.keys[0] ?? '']);
  const sender = first?.sender ?? '';
  const own = untrack(() => sender === me(state));
  const withAvatar = () => !own && state.rooms[props.roomId]?.kind !== 'dm';
  return (
    <Show
      when={first?.kind === 'service'}
      fallback={<Bubbles {...props} sender={sender} own={own} withAvatar={withAvatar()} />}
    >
      <ServiceLines keys={props.keys} events={props.events} />
    </Show>
  );
}

const sameItems = (one: readonly TimelineItem[], other: readonly TimelineItem[]) =>
  one.length === other.length && one.every((item, at) => item === other[at]);

const sameRuns = (some: readonly (readonly string[])[], others: readonly (readonly string[])[]) =>
  some.length === others.length && some.every((run, at) => run.join(' ') === others[at]?.join(' '));

function Bubbles(props: GroupProps & { sender: string; own: boolean; withAvatar: boolean }) {
  const { state } = useClient();
  const name = () => nameOf(state, props.roomId, props.sender);
  const role = () => roleOf(state.rooms[props.roomId], props.sender);
  const runs = createMemo(() => albumRuns(props.keys, props.events));
  const heads = createMemo(() => runs().map((run) => run[0] ?? ''));
  // No memo: all that hangs on one is looked through when it is made anew, also when it comes out the same.
  const [albums, setAlbums] = createSignal<readonly (readonly string[])[]>([], { equals: sameRuns });
  createComputed(() => setAlbums(runs().filter((run) => run.length > 1)));
  // When somebody adds a message, the bubbles above have nothing to do.
  const isFirst = createSelector(() => heads()[0]);
  const isLast = createSelector(() => heads()[heads().length - 1]);
  const albumFrom = (key: string) =>
    createMemo(
      () => (albums().find((run) => run[0] === key) ?? [key]).flatMap((one) => props.events[one] ?? []),
      undefined,
      {
        equals: sameItems,
      },
    );
  return (
    <div
      class={s.group}
      data-own={props.own}
      data-lane={props.withAvatar}
      data-picking={isPicking()}
      data-testid="group"
    >
      <Show when={props.withAvatar}>
        <div class={s.lane}>
          <div class={s.sticky}>
            <Avatar
              id={props.sender}
              name={name()}
              photo={photoOf(state, props.roomId, props.sender)}
              size={40}
              testid="message-avatar"
            />
          </div>
        </div>
      </Show>
      <div class={s.bubbles}>
        <For each={heads()}>
          {(key) => {
            const album = albumFrom(key);
            return (
              <Switch>
                <Match when={props.events[key]}>
                  {(item) => (
                    <Bubble
                      roomId={props.roomId}
                      item={item()}
                      album={album()}
                      own={props.own}
                      first={isFirst(key)}
                      last={isLast(key)}
                      name={props.withAvatar ? name() : undefined}
                      role={role()}
                      goes={() => props.goes(key)}
                      flash={props.flashed !== undefined && album().some((one) => one.key === props.flashed)}
                    />
                  )}
                </Match>
              </Switch>
            );
          }}
        </For>
      </div>
    </div>
  );
}
