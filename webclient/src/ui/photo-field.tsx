import { createSignal, Show, Suspense } from 'solid-js';
import { Avatar } from './avatar';
import { Icon } from './icon';
import { part } from './parts';
import s from './photo-field.module.css';

const CropDialog = part(async () => (await import('./crop/crop-dialog')).CropDialog);

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

/** A round picture that can be replaced by one of this device; what of it is shown is chosen before. */
export function PhotoField(props: PhotoFieldProps) {
  let input!: HTMLInputElement;
  const [busy, setBusy] = createSignal(false);
  const [chosen, setChosen] = createSignal<Blob>();
  const picked = () => {
    const file = input.files?.[0];
    input.value = '';
    setChosen(file);
  };
  const take = async (picture: Blob) => {
    setChosen(undefined);
    setBusy(true);
    try {
      await props.onPick(picture);
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
        onChange={picked}
      />
      <Show when={chosen()} keyed>
        {(file) => (
          <Suspense>
            <CropDialog
              file={file}
              onDone={(picture) => void take(picture)}
              onClose={() => setChosen(undefined)}
              onFailure={(error) => {
                setChosen(undefined);
                props.onFailure(error);
              }}
            />
          </Suspense>
        )}
      </Show>
    </div>
  );
}
