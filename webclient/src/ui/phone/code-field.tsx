import { createSignal, createUniqueId, For, onCleanup } from 'solid-js';
import { t } from '../../i18n';
import { Button } from '../button';
import s from './phone.module.css';

const digits = [0, 1, 2, 3, 4, 5];

type CodeFieldProps = {
  error: string | undefined;
  busy: boolean;
  /** Somebody types again. */
  onInput: () => void;
  /** Takes the code as soon as all digits are there; the field is empty after it. */
  submit: (code: string) => Promise<void>;
  value: string;
  /** Take the focus at once, where nothing slides in. */
  focused?: boolean;
  onValue: (code: string) => void;
};

/** The digits of a message, each in a box of its own; one field in truth, so that it can be filled in and pasted. */
export function CodeField(props: CodeFieldProps) {
  const note = createUniqueId();
  const type = (input: HTMLInputElement) => {
    if (!props.busy) {
      props.onValue(input.value.replace(/\D/g, '').slice(0, digits.length));
      props.onInput();
    }
    input.value = props.value;
    if (props.busy || props.value.length < digits.length) return;
    void props.submit(props.value).finally(() => props.onValue(''));
  };
  return (
    <div class={s.code} classList={{ [s.wrong ?? '']: props.error !== undefined }} data-first>
      <div class={s.boxes}>
        <input
          ref={(input) => {
            if (props.focused) queueMicrotask(() => input.focus());
          }}
          inputmode="numeric"
          autocomplete="one-time-code"
          aria-label={t('phone-code')}
          aria-invalid={props.error !== undefined}
          aria-describedby={note}
          aria-busy={props.busy}
          value={props.value}
          onInput={(event) => type(event.currentTarget)}
          onSelect={({ currentTarget: input }) => input.setSelectionRange(input.value.length, input.value.length)}
          data-testid="code"
        />
        <For each={digits}>
          {(at) => (
            <span class={s.box} data-next={at === Math.min(props.value.length, digits.length - 1)} aria-hidden="true">
              {props.value[at]}
            </span>
          )}
        </For>
      </div>
      <p id={note} class={s.note} aria-live="polite">
        {props.error}
      </p>
    </div>
  );
}

/** Asks for another code, once it may be asked for: `at`, ms since the epoch. */
export function Resend(props: { at: number; busy: boolean; resend: () => void }) {
  const [now, setNow] = createSignal(Date.now());
  const clock = setInterval(() => setNow(Date.now()), 1000);
  onCleanup(() => clearInterval(clock));
  const left = () => Math.max(0, Math.ceil((props.at - now()) / 1000));
  return (
    <div class={s.resend}>
      <Button disabled={left() > 0 || props.busy} onClick={() => props.resend()} data-testid="resend">
        {left() > 0 ? t('phone-resend-in', { seconds: left() }) : t('phone-resend')}
      </Button>
    </div>
  );
}
