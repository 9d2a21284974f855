import { createSignal, Show } from 'solid-js';
import { Avatar } from './avatar';
import { Icon } from './icon';
import s from './photo-field.module.css';

const side_px = 512;

type PhotoFieldProps = {
  id: string;
  name: string;
  photo?: string | null | undefined;
  /** Address of a picture that was chosen and is kept here only. */
  local?: string | undefined;
  label: string;
  /** A square picture was chosen. */
  onPick: (picture: Blob) => Promise<void>;
  /** What was chosen is no picture, or could not be kept. */
  onFailure: (error: unknown) => void;
  testid?: string;
};

/** A round picture that can be replaced by one of this device; the middle of it is cut out as a square. */
export function PhotoField(props: PhotoFieldProps) {
  let input!: HTMLInputElement;
  const [busy, setBusy] = createSignal(false);
  const picked = async () => {
    const file = input.files?.[0];
    input.value = '';
    if (!file) return;
    setBusy(true);
    try {
      await props.onPick(await square(file));
    } catch (error) {
      props.onFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class={s.frame} data-testid={props.testid ?? 'photo-field'}>
      <button type="button" class={s.field} aria-label={props.label} aria-busy={busy()} onClick={() => input.click()}>
        <Avatar id={props.id} name={props.name} photo={props.photo} local={props.local} size={120} />
        <span class={s.veil} data-busy={busy()}>
          <Show when={!busy()}>
            <Icon name="camera" size={40} />
          </Show>
        </span>
      </button>
      <input
        ref={input}
        type="file"
        accept="image/*"
        class="visually-hidden"
        tabIndex={-1}
        aria-hidden="true"
        onChange={() => void picked()}
      />
    </div>
  );
}

/** The middle of a picture as a square JPEG. Rejects for what is no picture. */
async function square(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file);
  const from = Math.min(picture.width, picture.height);
  const to = Math.min(side_px, from);
  const canvas = new OffscreenCanvas(to, to);
  canvas
    .getContext('2d')
    ?.drawImage(picture, (picture.width - from) / 2, (picture.height - from) / 2, from, from, 0, 0, to, to);
  picture.close();
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
}
