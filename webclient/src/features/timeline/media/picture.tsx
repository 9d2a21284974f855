import { decode } from 'blurhash';
import { createEffect, createSignal, type JSX, onMount, Show } from 'solid-js';
import { t } from '../../../i18n';
import type { Media } from '../../../model/media';
import { createMedia, type Size } from '../../../store/media';
import { Icon } from '../../../ui/icon';
import s from './media.module.css';

type PictureProps = {
  media: Media;
  /** Thumbnail to ask for; null: the file itself. */
  size: Size | null;
  /** Address of the same picture on this device, shown before anything is fetched. */
  local: string | undefined;
  /** What is fetched: the file, or the smaller picture made by the sender. */
  source: string | null;
  /** It is not fetched until somebody presses it. */
  held: boolean;
  onPress: (event: MouseEvent & { currentTarget: HTMLElement }) => void;
  label: string;
  children?: JSX.Element;
};

/** A picture in a box of its final size: first its blurred colours, then the thumbnail. */
export function Picture(props: PictureProps) {
  const [shown, setShown] = createSignal(false);
  const [localFailed, setLocalFailed] = createSignal(false);
  const remote = createMedia(
    () => props.source,
    () => props.size,
  );
  const local = () => (localFailed() ? undefined : props.local);
  const url = () => local() ?? remote.url();
  const state = () => {
    const trouble = local() === undefined ? remote.trouble() : null;
    if (props.held && local() === undefined) return 'held';
    return trouble ?? (shown() && url() !== undefined ? 'shown' : 'waiting');
  };
  const failed = () => {
    setShown(false);
    if (local() === undefined) remote.failed();
    else setLocalFailed(true);
  };
  const pressed = (event: MouseEvent & { currentTarget: HTMLElement }) => {
    if (state() === 'failed') remote.again();
    else props.onPress(event);
  };
  return (
    <button
      type="button"
      class={s.picture}
      data-testid="picture"
      data-state={state()}
      aria-label={props.label}
      onClick={pressed}
    >
      <Show when={state() !== 'shown' && props.media.blurhash}>{(hash) => <Blur hash={hash()} />}</Show>
      <Show when={url()} keyed>
        {(src) => (
          <img
            class={s.image}
            src={src}
            alt=""
            draggable={false}
            decoding="async"
            data-shown={state() === 'shown'}
            onLoad={() => setShown(true)}
            onError={failed}
          />
        )}
      </Show>
      <Show when={state() === 'failed' || state() === 'gone'}>
        <span class={s.trouble} data-testid="media-trouble">
          <Icon name={state() === 'gone' ? 'ban' : 'rotate-ccw'} />
          {t(state() === 'gone' ? 'media-gone' : 'media-failed')}
        </span>
      </Show>
      {props.children}
    </button>
  );
}

const side = 32;

/** The colours of a picture that is not here yet. A hash that is none leaves the box grey. */
function Blur(props: { hash: string }) {
  let canvas!: HTMLCanvasElement;
  onMount(() =>
    createEffect(() => {
      const pen = canvas.getContext('2d');
      if (!pen) return;
      try {
        const pixels = new Uint8ClampedArray(decode(props.hash, side, side));
        pen.putImageData(new ImageData(pixels, side, side), 0, 0);
      } catch {
        pen.clearRect(0, 0, side, side);
      }
    }),
  );
  return <canvas ref={canvas} class={s.blur} width={side} height={side} />;
}
