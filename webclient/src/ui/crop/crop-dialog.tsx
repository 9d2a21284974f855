import { createSignal, onCleanup, Show } from 'solid-js';
import { t } from '../../i18n';
import { Button } from '../button';
import { Dialog, DialogButtons } from '../dialog';
import { Icon } from '../icon';
import s from './crop.module.css';
import { cutOf, middleOf, mostZoom, moved, type Place, type Size, sideOf, zoomed } from './frame';

const frame_px = 280;
const side_px = 512;
const key_px = 14;
const step = 1.15;

/** A picture under a round frame: it is moved and zoomed until the frame holds what is wanted. */
export function CropDialog(props: {
  file: Blob;
  /** A square picture of what is in the frame. */
  onDone: (picture: Blob) => void;
  onClose: () => void;
  /** It is no picture. */
  onFailure: (error: unknown) => void;
}) {
  const address = URL.createObjectURL(props.file);
  onCleanup(() => URL.revokeObjectURL(address));
  let picture!: HTMLImageElement;
  const [size, setSize] = createSignal<Size>();
  const [place, setPlace] = createSignal<Place>({ x: 0, y: 0, zoom: 1 });
  const fingers = new Map<number, { x: number; y: number }>();
  const loaded = () => {
    const known = { width: picture.naturalWidth, height: picture.naturalHeight };
    setSize(known);
    setPlace(middleOf(known));
  };
  const move = (dx: number, dy: number) => {
    const known = size();
    if (known) setPlace(moved(place(), dx, dy, known, frame_px));
  };
  const zoom = (next: number, dx = 0, dy = 0) => {
    const known = size();
    if (known) setPlace(zoomed(place(), next, dx, dy, known, frame_px));
  };
  /** From the middle of the frame. */
  const offset = (box: Element, x: number, y: number) => {
    const rect = box.getBoundingClientRect();
    return [x - rect.left - rect.width / 2, y - rect.top - rect.height / 2] as const;
  };
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  };
  const pressed = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  };
  const dragged = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const apart = spread();
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size === 1) return move(event.clientX - before.x, event.clientY - before.y);
    const [a, b] = [...fingers.values()];
    if (!a || !b || apart === 0) return;
    zoom((place().zoom * spread()) / apart, ...offset(event.currentTarget, (a.x + b.x) / 2, (a.y + b.y) / 2));
  };
  const lifted = (event: PointerEvent) => void fingers.delete(event.pointerId);
  const take = () => void done().catch(props.onFailure);
  const keyed = (event: KeyboardEvent) => {
    const by = { ArrowLeft: [key_px, 0], ArrowRight: [-key_px, 0], ArrowUp: [0, key_px], ArrowDown: [0, -key_px] }[
      event.key
    ];
    if (by) move(by[0] ?? 0, by[1] ?? 0);
    else if (event.key === '+' || event.key === '=') zoom(place().zoom * step);
    else if (event.key === '-') zoom(place().zoom / step);
    else if (event.key === 'Enter') take();
    else return;
    event.preventDefault();
  };
  /** Page pixels for a pixel of the picture. */
  const scale = () => {
    const known = size();
    return known ? frame_px / sideOf(place(), known) : 1;
  };
  const done = async () => {
    const known = size();
    if (!known) return;
    const { x, y, side } = cutOf(place(), known);
    const to = Math.max(1, Math.round(Math.min(side_px, side)));
    const canvas = new OffscreenCanvas(to, to);
    const context = canvas.getContext('2d');
    if (!context) return;
    // What one can see through would be black otherwise.
    context.fillStyle = '#fff';
    context.fillRect(0, 0, to, to);
    context.drawImage(picture, x, y, side, side, 0, 0, to, to);
    props.onDone(await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 }));
  };
  return (
    <Dialog title={t('crop-title')} onClose={props.onClose} narrow testid="crop-dialog">
      <div
        class={s.stage}
        role="application"
        aria-label={t('crop-label')}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: no element of HTML is moved in two directions by keys
        tabIndex={0}
        onPointerDown={pressed}
        onPointerMove={dragged}
        onPointerUp={lifted}
        onPointerCancel={lifted}
        onKeyDown={keyed}
        on:wheel={{
          handleEvent: (event: WheelEvent & { currentTarget: Element }) => {
            event.preventDefault();
            const next = place().zoom * (event.deltaY < 0 ? step : 1 / step);
            zoom(next, ...offset(event.currentTarget, event.clientX, event.clientY));
          },
          passive: false,
        }}
        data-testid="crop-stage"
      >
        <img
          ref={picture}
          class={s.picture}
          src={address}
          alt=""
          draggable={false}
          onLoad={loaded}
          onError={() => props.onFailure(new Error('not a picture'))}
          style={{ transform: `scale(${scale()}) translate(${-place().x}px, ${-place().y}px)` }}
        />
        <i class={s.frame} />
      </div>
      <Show when={size()}>
        {(known) => (
          <label class={s.zoom}>
            <Icon name="zoom-out" size={20} />
            <input
              type="range"
              min={1}
              max={mostZoom(known())}
              step="any"
              value={place().zoom}
              disabled={mostZoom(known()) <= 1}
              aria-label={t('crop-zoom')}
              onInput={(event) => zoom(event.currentTarget.valueAsNumber)}
              onKeyDown={(event) => event.key === 'Enter' && keyed(event)}
              data-testid="crop-zoom"
            />
            <Icon name="zoom-in" size={20} />
          </label>
        )}
      </Show>
      <DialogButtons>
        <Button onClick={() => props.onClose()}>{t('new-cancel')}</Button>
        <Button disabled={!size()} onClick={take} data-testid="crop-done">
          {t('crop-done')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
