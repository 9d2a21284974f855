import { createSignal, Show, Suspense } from 'solid-js';
import { viewId } from '../../model/view-ids';
import { useClient } from '../../store/context';
import type { EventId, RoomId, Timeline as TimelineState } from '../../store/contract';
import { part } from '../../ui/parts';
import { Pane } from './pane';
import { unreadAbove } from './reading';
import { Skeleton } from './skeleton';

const Welcome = part(async () => (await import('./welcome')).Welcome);

/** The conversation of a chat, or what stands for it until it is here. */
export function Timeline(props: { roomId: RoomId }) {
  const { state, commands } = useClient();
  const timeline = () => state.timelines[props.roomId];
  return (
    <Show when={timeline()} fallback={<Skeleton />}>
      {(open) => (
        <Show
          when={open().items.length > 0}
          fallback={
            <Show
              when={open().loadingOlder || open().hasOlder}
              fallback={
                <Suspense>
                  <Welcome roomId={props.roomId} />
                </Suspense>
              }
            >
              <Skeleton error={open().loadError} retry={() => void commands.loadOlder(props.roomId)} />
            </Show>
          }
        >
          <Opening roomId={props.roomId} timeline={open()} />
        </Show>
      )}
    </Show>
  );
}

/** A thread: its first message, then the answers. */
export function ThreadTimeline(props: { roomId: RoomId; root: EventId }) {
  const { state, commands } = useClient();
  const view = () => viewId(props.roomId, props.root);
  const timeline = () => {
    const open = state.timelines[view()];
    return open && open.items.length > 0 ? open : undefined;
  };
  const retry = () => void commands.loadOlder(view()).catch(() => undefined);
  return (
    <Show when={timeline()} fallback={<Skeleton error={state.timelines[view()]?.loadError ?? null} retry={retry} />}>
      {(open) => <Pane roomId={props.roomId} root={props.root} timeline={open()} />}
    </Show>
  );
}

/** A chat opens where reading ended; messages that lie further up are fetched first. */
function Opening(props: { roomId: RoomId; timeline: TimelineState }) {
  const { state, commands } = useClient();
  const above = unreadAbove(state, props.roomId, props.timeline);
  const [placed, setPlaced] = createSignal(above === null);
  if (above !== null) {
    const place = () => setPlaced(true);
    void commands.loadAround(props.roomId, above).then(place, place);
  }
  return (
    <Show when={placed()} fallback={<Skeleton />}>
      <Pane roomId={props.roomId} timeline={props.timeline} />
    </Show>
  );
}
