import { createSignal, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { Access, UserId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { closeAllLeft, closeLeft, newAccess } from '../../store/pages';
import { goTo } from '../../store/ui';
import { Button } from '../../ui/button';
import { Field } from '../../ui/field';
import { Choices, Page, Section } from '../../ui/page';
import type { Typed } from '../../ui/phone/numbers';
import { PhotoField } from '../../ui/photo-field';
import { toast } from '../../ui/toast';
import { createPublicName, PublicNameField } from './access-page';
import s from './group.module.css';
import { inviteNumbers } from './invite-numbers';
import { PeoplePicker } from './people-picker';

/** A new group: first who is in it, then what it is. */
export function NewGroupPage() {
  const { commands } = useClient();
  const [step, setStep] = createSignal<'people' | 'facts'>('people');
  const [people, setPeople] = createSignal<readonly UserId[]>([]);
  const [numbers, setNumbers] = createSignal<readonly Typed[]>([]);
  const [name, setName] = createSignal('');
  const [topic, setTopic] = createSignal('');
  const [avatar, setAvatar] = createSignal<string | null>(null);
  const [access, setAccess] = createSignal<Access>(newAccess());
  const alias = createPublicName('');
  const [busy, setBusy] = createSignal(false);
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const ready = () =>
    name().trim() !== '' &&
    (access() !== 'public' || (alias.name() !== '' && alias.state() !== 'taken' && alias.state() !== 'bad'));
  const make = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!ready() || busy()) return;
    setBusy(true);
    try {
      const draft = {
        name: name().trim(),
        topic: topic().trim(),
        avatar: avatar(),
        access: access(),
        alias: alias.name(),
        invites: people(),
      };
      const roomId = await commands.makeGroup(draft);
      closeAllLeft();
      goTo(roomId);
      await inviteNumbers(commands, roomId, numbers(), (number, why) => toast(`${number}: ${why}`));
    } catch (error) {
      tell(error);
    } finally {
      setBusy(false);
    }
  };
  const back = () => (step() === 'facts' ? setStep('people') : closeLeft());
  return (
    <Page
      title={t(step() === 'people' ? 'new-group-people' : 'new-group-title')}
      onBack={back}
      backLabel={t('page-back')}
      testid="new-group"
    >
      <Show
        when={step() === 'people'}
        fallback={
          <form onSubmit={(event) => void make(event)}>
            <div class={s.photo}>
              <PhotoField
                id="new"
                name={name()}
                photo={avatar()}
                label={t('group-photo')}
                onPick={async (picture) => void setAvatar(await commands.uploadFile(picture, 'photo.jpg'))}
                onFailure={tell}
              />
            </div>
            <Section>
              <div class={s.form}>
                <Field
                  label={t('new-group-name')}
                  value={name()}
                  maxLength={255}
                  onInput={(event) => setName(event.currentTarget.value)}
                  data-testid="group-name"
                />
                <Field
                  label={t('info-topic')}
                  value={topic()}
                  maxLength={1000}
                  onInput={(event) => setTopic(event.currentTarget.value)}
                  data-testid="group-topic"
                />
              </div>
            </Section>
            <Section caption={t('group-access')} note={t(`access-${access()}-hint`)}>
              <Choices
                label={t('group-access')}
                choices={(['private', 'knock', 'public'] as const).map((id) => ({ id, text: t(`access-${id}`) }))}
                value={access()}
                onChange={setAccess}
              />
              <Show when={access() === 'public'}>
                <div class={s.form}>
                  <PublicNameField of={alias} />
                </div>
              </Show>
            </Section>
            <Section>
              <div class={s.buttons}>
                <Button
                  type="submit"
                  kind="primary"
                  disabled={!ready() || busy()}
                  busy={busy()}
                  data-testid="group-create"
                >
                  {t('new-create')}
                </Button>
              </div>
            </Section>
          </form>
        }
      >
        <Section>
          <div class={s.form}>
            <PeoplePicker picked={people()} onChange={setPeople} numbers={numbers()} onNumbers={setNumbers} />
            <div class={s.buttons}>
              <Button kind="primary" onClick={() => setStep('facts')} data-testid="group-next">
                {t('page-next')}
              </Button>
            </div>
          </div>
        </Section>
      </Show>
    </Page>
  );
}
