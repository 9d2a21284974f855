import { createEffect, createSignal, on, onCleanup, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { Access, RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { closeRight } from '../../store/pages';
import { me } from '../../store/people';
import { Button } from '../../ui/button';
import { Field } from '../../ui/field';
import { Choices, Page, Section } from '../../ui/page';
import { toast } from '../../ui/toast';
import s from './group.module.css';

const pause_ms = 400;
const shape = /^[a-z0-9._-]{2,64}$/;

/** The public name of a group as it is typed, and whether it can be had. */
export function createPublicName(start: string) {
  const { commands } = useClient();
  const [name, setName] = createSignal(start);
  const [state, setState] = createSignal<'' | 'free' | 'taken' | 'bad'>('');
  createEffect(
    on(name, (words) => {
      const fit = words === start || words === '' || shape.test(words);
      setState(fit ? '' : 'bad');
      if (!fit || words === start || words === '') return;
      const timer = setTimeout(() => {
        void commands.aliasFree(words).then(
          (free) => name() === words && setState(free ? 'free' : 'taken'),
          () => undefined,
        );
      }, pause_ms);
      onCleanup(() => clearTimeout(timer));
    }),
  );
  return { name, setName: (words: string) => setName(words.trim().toLocaleLowerCase()), state };
}

/** The field for the public name, with its answer below. */
export function PublicNameField(props: { of: ReturnType<typeof createPublicName> }) {
  const { state } = useClient();
  const server = () => me(state).replace(/^@[^:]*:/, '');
  const problem = () => {
    const now = props.of.state();
    if (now === 'taken') return t('access-name-taken');
    return now === 'bad' ? t('access-name-bad') : undefined;
  };
  return (
    <Field
      label={t('access-name')}
      value={props.of.name()}
      maxLength={64}
      autocomplete="off"
      error={problem()}
      hint={
        props.of.state() === 'free'
          ? t('access-name-free')
          : t('access-name-hint', { address: `#${props.of.name() || '…'}:${server()}` })
      }
      onInput={(event) => props.of.setName(event.currentTarget.value)}
      data-testid="public-name"
    />
  );
}

/** Who can come into a group. */
export function AccessPage(props: { roomId: RoomId }) {
  const { state, commands } = useClient();
  const facts = () => state.rooms[props.roomId]?.group;
  const [access, setAccess] = createSignal<Access>(facts()?.access ?? 'private');
  const alias = createPublicName(facts()?.alias.replace(/^#([^:]*):.*$/, '$1') ?? '');
  const [busy, setBusy] = createSignal(false);
  const ready = () =>
    access() !== 'public' || (alias.name() !== '' && alias.state() !== 'taken' && alias.state() !== 'bad');
  const save = async () => {
    setBusy(true);
    try {
      await commands.setAccess(props.roomId, access(), alias.name());
      closeRight();
    } catch (error) {
      toast(errorText(errorInfo(error)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Page title={t('group-access')} onBack={closeRight} backLabel={t('page-back')} testid="group-access">
      <Section note={t(`access-${access()}-hint`)}>
        <Choices
          label={t('group-access')}
          choices={(['private', 'knock', 'public'] as const).map((id) => ({ id, text: t(`access-${id}`) }))}
          value={access()}
          onChange={setAccess}
        />
      </Section>
      <Show when={access() === 'public'}>
        <Section>
          <div class={s.form}>
            <PublicNameField of={alias} />
          </div>
        </Section>
      </Show>
      <Section>
        <div class={s.buttons}>
          <Button disabled={!ready() || busy()} busy={busy()} onClick={() => void save()} data-testid="access-save">
            {t('info-save')}
          </Button>
        </div>
      </Section>
    </Page>
  );
}
