import { createMemo, createResource, createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import type { ImagePack, PackImage } from '../../model/image-packs';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { createMediaUrl } from '../../store/media';
import { Spinner } from '../../ui/spinner';
import { toast } from '../../ui/toast';
import s from './sticker-panel.module.css';

type PanelProps = {
  roomId: RoomId;
  send: (image: PackImage) => void;
  insert: (image: PackImage) => void;
};

/** Stickers, which are sent, and custom emoji, which go into the text; by packs, with a search over their words. */
export function StickerPanel(props: PanelProps) {
  const { commands } = useClient();
  const [packs] = createResource(
    () => props.roomId,
    (roomId) =>
      commands.imagePacks(roomId).catch((error: unknown) => {
        toast(errorText(errorInfo(error)));
        return [];
      }),
  );
  const [query, setQuery] = createSignal('');
  const fits = (image: PackImage) =>
    `${image.shortcode} ${image.words}`.toLowerCase().includes(query().trim().toLowerCase());
  const shown = createMemo(() =>
    (packs() ?? []).flatMap((pack) => {
      const images = pack.images.filter(fits);
      return images.length > 0 ? [{ pack, images }] : [];
    }),
  );
  return (
    <div class={s.panel} role="dialog" aria-label={t('stickers-title')} data-testid="sticker-panel">
      <input
        class={s.search}
        type="search"
        placeholder={t('stickers-search')}
        aria-label={t('stickers-search')}
        value={query()}
        onInput={(event) => setQuery(event.currentTarget.value)}
      />
      <div class={s.list}>
        <Show when={!packs.loading} fallback={<Spinner size={28} />}>
          <Show when={shown().length > 0} fallback={<p class={s.empty}>{t('stickers-empty')}</p>}>
            <For each={shown()}>{({ pack, images }) => <Pack {...props} pack={pack} images={images} />}</For>
          </Show>
        </Show>
      </div>
    </div>
  );
}

function Pack(props: PanelProps & { pack: ImagePack; images: readonly PackImage[] }) {
  const stickers = () => props.images.filter((image) => image.sticker);
  const emoticons = () => props.images.filter((image) => image.emoticon);
  return (
    <section class={s.pack} aria-label={props.pack.name || t('stickers-own')} data-testid="sticker-pack">
      <h3 class={s.title}>{props.pack.name || t('stickers-own')}</h3>
      <div class={s.stickers}>
        <For each={stickers()}>
          {(image) => <Cell image={image} testid="sticker" px={192} pick={() => props.send(image)} />}
        </For>
      </div>
      <Show when={emoticons().length > 0}>
        <h4 class={s.sub}>{t('stickers-emoji')}</h4>
        <div class={s.emoticons}>
          <For each={emoticons()}>
            {(image) => <Cell image={image} testid="custom-emoji" px={96} pick={() => props.insert(image)} />}
          </For>
        </div>
      </Show>
    </section>
  );
}

function Cell(props: { image: PackImage; testid: string; px: number; pick: () => void }) {
  const url = createMediaUrl(
    () => props.image.mxc,
    () => ({ w: props.px, h: props.px }),
  );
  return (
    <button
      type="button"
      class={s.cell}
      title={`:${props.image.shortcode}:`}
      aria-label={props.image.words}
      data-testid={props.testid}
      onClick={() => props.pick()}
    >
      <Show when={url()}>{(src) => <img src={src()} alt="" loading="lazy" />}</Show>
    </button>
  );
}
