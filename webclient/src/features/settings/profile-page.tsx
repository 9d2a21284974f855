import { createEffect, createSignal, on } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import { errorInfo } from '../../store/errors';
import { closeLeft } from '../../store/pages';
import { me } from '../../store/people';
import { Button } from '../../ui/button';
import { Field } from '../../ui/field';
import { Page, PageRow, Section } from '../../ui/page';
import { PhotoField } from '../../ui/photo-field';
import { toast } from '../../ui/toast';
import s from './settings.module.css';

/** My name, my photo, my address. */
export function ProfilePage() {
  const { state, commands } = useClient();
  const own = () => state.users[me(state)];
  const [name, setName] = createSignal(own()?.name ?? '');
  const [photo, setPhoto] = createSignal(own()?.avatar ?? null);
  const [busy, setBusy] = createSignal(false);
  // Who has begun to write keeps that, whatever is heard meanwhile.
  let isWritten = false;
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  // What the server has counts, also where no room has told it yet.
  void commands.searchUser(me(state)).then(
    (profile) => {
      if (!isWritten) setName(profile.name);
      setPhoto(profile.avatar);
    },
    () => undefined,
  );
  createEffect(
    on(
      () => own()?.avatar,
      (avatar) => setPhoto(avatar ?? null),
      { defer: true },
    ),
  );
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await commands.setDisplayName(name().trim());
      toast(t('settings-saved'));
    } catch (error) {
      tell(error);
    } finally {
      setBusy(false);
    }
  };
  const pick = async (picture: Blob) => {
    const mxc = await commands.uploadFile(picture, 'photo.jpg');
    await commands.setAvatar(mxc);
    setPhoto(mxc);
  };
  const remove = () => void commands.setAvatar(null).then(() => setPhoto(null), tell);
  const copy = () => void navigator.clipboard.writeText(me(state)).then(() => toast(t('message-copied')), tell);
  return (
    <Page title={t('settings-profile')} onBack={closeLeft} backLabel={t('page-back')} testid="profile">
      <div class={s.profile}>
        <PhotoField
          id={me(state)}
          name={name()}
          photo={photo()}
          label={t('settings-photo')}
          onPick={pick}
          onFailure={tell}
          testid="own-photo"
        />
      </div>
      <Section note={t('settings-name-note')}>
        <form class={s.form} onSubmit={(event) => void save(event)}>
          <Field
            label={t('settings-name')}
            value={name()}
            maxLength={255}
            onInput={(event) => {
              isWritten = true;
              setName(event.currentTarget.value);
            }}
            data-testid="own-name"
          />
          <div class={s.buttons}>
            <Button type="submit" disabled={name().trim() === '' || busy()} busy={busy()} data-testid="own-save">
              {t('info-save')}
            </Button>
          </div>
        </form>
      </Section>
      <Section>
        <PageRow icon="at-sign" text={me(state)} sub={t('info-address')} onClick={copy} testid="own-address" />
        {photo() ? (
          <PageRow icon="trash-2" text={t('settings-photo-remove')} danger onClick={remove} testid="own-photo-remove" />
        ) : null}
      </Section>
    </Page>
  );
}
