import { createSignal, Show, Suspense } from 'solid-js';
import { part } from '../parts';
import { type Anchor, Popover } from '../popover';

const EmojiPicker = part(async () => (await import('./emoji-picker')).EmojiPicker);

type Asking = {
  readonly anchor: Anchor;
  readonly pick: (sign: string) => void;
  readonly stay: boolean;
  readonly placement: 'bottom-start' | 'top-start';
};

const [asking, setAsking] = createSignal<Asking>();

/** Let the person pick an emoji in a panel at `anchor`; `stay`: any number of them. */
export function pickEmoji(
  anchor: Anchor,
  pick: (sign: string) => void,
  more: { readonly stay?: boolean; readonly placement?: Asking['placement'] } = {},
): void {
  setAsking({ anchor, pick, stay: more.stay ?? false, placement: more.placement ?? 'bottom-start' });
}

/** Draws the open panel; stands once in the page. */
export function EmojiHost() {
  const take = (open: Asking, sign: string) => {
    if (!open.stay) setAsking(undefined);
    open.pick(sign);
  };
  return (
    <Show when={asking()} keyed>
      {(open) => (
        <Popover
          anchor={open.anchor}
          placement={open.placement}
          onClose={() => setAsking(undefined)}
          testid="emoji-panel"
        >
          <Suspense>
            <EmojiPicker pick={(sign) => take(open, sign)} />
          </Suspense>
        </Popover>
      )}
    </Show>
  );
}
