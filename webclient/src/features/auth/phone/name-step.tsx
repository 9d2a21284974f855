import { createSignal, onCleanup } from 'solid-js';
import { t } from '../../../i18n';
import { Button } from '../../../ui/button';
import { Field } from '../../../ui/field';
import { PhotoField } from '../../../ui/photo-field';
import s from '../auth.module.css';
import p from './phone.module.css';
import { Step } from './step';

const allowed = /^[a-z0-9._=\-/+]*$/;

type NameStepProps = {
  server: string;
  error: string | undefined;
  busy: boolean;
  onInput: () => void;
  submit: (name: string, username: string, photo: Blob | null) => void;
};

/** Third step, for a number that nobody has: what the new account is called. */
export function NameStep(props: NameStepProps) {
  const [name, setName] = createSignal('');
  const [username, setUsername] = createSignal('');
  const [photo, setPhoto] = createSignal<{ readonly blob: Blob; readonly url: string }>();
  const [noPicture, setNoPicture] = createSignal(false);
  const forget = () => URL.revokeObjectURL(photo()?.url ?? '');
  onCleanup(forget);
  const pick = async (blob: Blob) => {
    forget();
    setNoPicture(false);
    setPhoto({ blob, url: URL.createObjectURL(blob) });
  };
  const wrong = () => (allowed.test(username()) ? props.error : t('auth-name-invalid'));
  const ready = () => name().trim() !== '' && allowed.test(username()) && !props.busy;
  return (
    <Step
      name="name"
      title={t('phone-name-title')}
      hint={t('phone-name-hint')}
      back={false}
      submit={() => ready() && props.submit(name().trim(), username(), photo()?.blob ?? null)}
    >
      <div class={p.photo} data-photo>
        <PhotoField
          id={props.server}
          name=""
          local={photo()?.url}
          label={t('settings-photo')}
          onPick={pick}
          onFailure={() => setNoPicture(true)}
          testid="sign-up-photo"
        />
        <p class={p.note} aria-live="polite">
          {noPicture() ? t('phone-no-picture') : ''}
        </p>
      </div>
      <div data-first>
        <Field
          label={t('phone-name')}
          autocomplete="name"
          required
          value={name()}
          onInput={(event) => setName(event.currentTarget.value)}
          data-testid="display-name"
        />
      </div>
      <Field
        label={t('phone-username')}
        autocomplete="username"
        autocapitalize="off"
        spellcheck={false}
        value={username()}
        error={wrong()}
        hint={username() ? `@${username()}:${props.server}` : t('phone-username-hint')}
        onInput={(event) => {
          setUsername(event.currentTarget.value.trim().toLowerCase());
          props.onInput();
        }}
        data-testid="username"
      />
      <div class={s.buttons}>
        <Button kind="primary" type="submit" disabled={!ready()} busy={props.busy} data-testid="submit">
          {t('auth-sign-up')}
        </Button>
      </div>
    </Step>
  );
}
