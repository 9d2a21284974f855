import { createUniqueId, type JSX, Show, splitProps } from 'solid-js';
import s from './field.module.css';

type FieldProps = Omit<JSX.InputHTMLAttributes<HTMLInputElement>, 'class' | 'id' | 'placeholder'> & {
  label: string;
  error?: string | undefined;
  hint?: string | undefined;
  trailing?: JSX.Element;
};

/** A text field whose label floats onto the border; an error colours it and shakes it once. */
export function Field(props: FieldProps) {
  const [own, rest] = splitProps(props, ['label', 'error', 'hint', 'trailing']);
  const id = createUniqueId();
  return (
    <div class={s.field} classList={{ [s.failed ?? '']: own.error !== undefined }}>
      <div class={s.box} data-testid="field">
        <input
          {...rest}
          id={id}
          class={s.input}
          placeholder=" "
          aria-invalid={own.error !== undefined}
          aria-describedby={`${id}-note`}
        />
        <label class={s.label} for={id}>
          {own.label}
        </label>
        {own.trailing}
      </div>
      <p id={`${id}-note`} class={s.note} aria-live="polite">
        <Show when={own.error ?? own.hint}>{(note) => <>{note()}</>}</Show>
      </p>
    </div>
  );
}
