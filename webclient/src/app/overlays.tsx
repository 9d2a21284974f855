/** What lies over the columns when it is asked for: each is loaded then. */
import { lazy, Show, Suspense } from 'solid-js';
import { messageList } from '../store/message-list';
import { forwarding } from '../store/messages-ui';
import { viewing } from '../store/viewer';
import { ChoiceHost } from '../ui/choice';
import { EmojiHost } from '../ui/emoji/emoji-host';

const Viewer = lazy(async () => ({ default: (await import('../features/viewer/viewer')).Viewer }));
const Forward = lazy(async () => ({ default: (await import('../features/forward/forward-dialog')).ForwardHost }));
const List = lazy(async () => ({ default: (await import('../features/message-list/message-list')).MessageListHost }));

/** Stands once in the columns. */
export function Overlays() {
  return (
    <Suspense>
      <Show when={viewing()} keyed>
        {(now) => <Viewer viewing={now} />}
      </Show>
      <Show when={forwarding()}>
        <Forward />
      </Show>
      <Show when={messageList()}>
        <List />
      </Show>
      <ChoiceHost />
      <EmojiHost />
    </Suspense>
  );
}
