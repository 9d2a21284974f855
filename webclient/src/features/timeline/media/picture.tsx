import { decode } from 'blurhash';
import { createEffect, createSignal, type JSX, onCleanup, onMount, Show } from 'solid-js';
import { t } from '../../../i18n';
import type { Media } from '../../../model/media';
import { createMediaUrl, type Size } from '../../../store/media';
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
  onPress: (event: MouseEvent & { currentTarget: HTMLElement }) => void;
  label: string;
  children?: JSX.Element;
};

/** A busy server is asked again by itself so much later; then the person is. */
const againAfterMs = [1000, 3000];

/** A picture in a box of its final size: first its blurred colours, then the thumbnail. */
export function Picture(props: PictureProps) {
  const [state, setState] = createSignal<'waiting' | 'shown' | 'failed' | 'gone'>('waiting');
  const [tries, setTries] = createSignal(0);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const remote = createMediaUrl(
    () => props.source,
    () => props.size,
  );
  const url = () => props.local ?? remote();
  const failed = async () => {
    const address = url();
    const isOwn = address === undefined || address.startsWith('blob:');
    const status = isOwn
      ? 0
      : await fetch(address).then(
          (answer) => answer.status,
          () => 0,
        );
    const pause = againAfterMs[tries()];
    if (status === 404) setState('gone');
    else if (isOwn || pause === undefined) setState('failed');
    else timer = setTimeout(() => setTries((count) => count + 1), pause);
  };
  onCleanup(() => clearTimeout(timer));
  const pressed = (event: MouseEvent & { currentTarget: HTMLElement }) => {
    if (state() !== 'failed') {
      props.onPress(event);
      return;
    }
    setState('waiting');
    setTries((count) => count + 1);
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
      <Show when={tries() >= 0 && state() !== 'gone' ? url() : undefined} keyed>
        {(src) => (
          <img
            class={s.image}
            src={
              tries() > 0 && !src.startsWith('blob:') ? `${src}${src.includes('?') ? '&' : '?'}again=${tries()}` : src
            }
            alt=""
            draggable={false}
            decoding="async"
            data-shown={state() === 'shown'}
            onLoad={() => setState('shown')}
            onError={() => void failed()}
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
