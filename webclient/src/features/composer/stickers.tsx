import { createSignal, Show, Suspense } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import type { PackImage } from '../../model/image-packs';
import { viewId } from '../../model/view-ids';
import { useClient } from '../../store/context';
import type { EventId, RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { clearReply, writingIn } from '../../store/ui';
import { IconButton } from '../../ui/button';
import { part } from '../../ui/parts';
import { Popover } from '../../ui/popover';
import { toast } from '../../ui/toast';

const StickerPanel = part(async () => (await import('./sticker-panel')).StickerPanel);

type StickersProps = { roomId: RoomId; thread: EventId | undefined; insert: (image: PackImage) => void };

/** The button that opens the stickers: one goes out at once, a custom emoji goes into the text. */
export function Stickers(props: StickersProps) {
  const { commands } = useClient();
  const [anchor, setAnchor] = createSignal<Element>();
  const send = async (image: PackImage) => {
    const view = viewId(props.roomId, props.thread ?? null);
    const { replyTo } = writingIn(view);
    setAnchor(undefined);
    try {
      await commands.sendSticker(props.roomId, image, { replyTo: replyTo ?? undefined, thread: props.thread });
      if (replyTo) clearReply(view);
    } catch (error) {
      toast(errorText(errorInfo(error)));
    }
  };
  return (
    <>
      <IconButton
        icon="sticker"
        label={t('stickers-title')}
        aria-expanded={anchor() !== undefined}
        onClick={(event) => setAnchor(event.currentTarget)}
        data-testid="stickers"
      />
      <Show when={anchor()} keyed>
        {(at) => (
          <Popover anchor={at} placement="top-start" onClose={() => setAnchor(undefined)} testid="sticker-popover">
            <Suspense>
              <StickerPanel roomId={props.roomId} send={(image) => void send(image)} insert={props.insert} />
            </Suspense>
          </Popover>
        )}
      </Show>
    </>
  );
}
