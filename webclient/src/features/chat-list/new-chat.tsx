import { createEffect, createSignal, For, Match, onCleanup, Show, Switch } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { Profile, UserId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { createPeopleSearch } from '../../store/finding-people';
import { me } from '../../store/people';
import { goTo } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { Icon } from '../../ui/icon';
import { Spinner } from '../../ui/spinner';
import { NumberRow } from '../search/number-row';
import s from './new-chat.module.css';

export type NewChatKind = 'private' | 'join';

const pause_ms = 300;
const isUserId = (words: string) => /^@[^:\s]+:[^\s]+$/.test(words);
const isRoomAddress = (words: string) => /^#[^:\s]+:\S+$|^!\S+$/.test(words);

/** Dialog for a new private chat, or for a known group by its address. */
export function NewChat(props: { kind: NewChatKind; address: string; onClose: () => void }) {
  const { state, commands } = useClient();
  const [address, setAddress] = createSignal(props.address);
  const found = createPeopleSearch(address);
  const [error, setError] = createSignal<string>();
  const [busy, setBusy] = createSignal(false);

  const person = () => address().trim();
  const problem = () => {
    if (person() === '') return undefined;
    if (props.kind === 'join') return isRoomAddress(person()) ? undefined : t('new-room-invalid');
    if (person() === me(state)) return t('new-address-self');
    return isUserId(person()) ? undefined : t('new-address-invalid');
  };
  const ready = () => {
    return person() !== '' && problem() === undefined;
  };
  const make = () => (props.kind === 'private' ? commands.createPrivateChat(person()) : commands.join(person()));
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!ready() || busy()) return;
    setBusy(true);
    setError(undefined);
    try {
      const roomId = await make();
      props.onClose();
      goTo(roomId);
    } catch (failure) {
      setError(errorText(errorInfo(failure)));
    } finally {
      setBusy(false);
    }
  };
  const title = { private: 'new-private-title', join: 'new-join-title' } as const;
  const action = { private: 'new-start', join: 'new-join' } as const;
  return (
    <Dialog title={t(title[props.kind])} onClose={props.onClose} testid="new-chat-dialog">
      <form class={s.form} onSubmit={(event) => void submit(event)}>
        <Field
          label={t(props.kind === 'join' ? 'new-room-address' : 'new-address')}
          value={address()}
          hint={props.kind === 'join' ? undefined : t('new-address-hint')}
          error={error() ?? (address().includes(':') ? problem() : undefined)}
          onInput={(event) => {
            setAddress(event.currentTarget.value);
            setError(undefined);
          }}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          data-testid="address"
        />
        <Show when={props.kind !== 'join' && isUserId(person()) && !problem()}>
          <ProfileCheck userId={person()} />
        </Show>
        <Show when={props.kind === 'private' && !isUserId(person())}>
          <div class={s.found}>
            <NumberRow
              words={person()}
              onOpen={(roomId) => {
                props.onClose();
                goTo(roomId);
              }}
            />
            <For each={found()}>
              {(one) => (
                <button
                  type="button"
                  class={s.profile}
                  onClick={() => setAddress(one.userId)}
                  data-testid="found-person"
                >
                  <Avatar id={one.userId} name={one.name} photo={one.avatar} size={42} />
                  <span>
                    <span class={s.name}>{one.name}</span>
                    <span class={s.note}>{one.userId}</span>
                  </span>
                </button>
              )}
            </For>
          </div>
        </Show>
        <DialogButtons>
          <Button onClick={() => props.onClose()}>{t('new-cancel')}</Button>
          <Button type="submit" disabled={!ready() || busy()} busy={busy()} data-testid="new-chat-submit">
            {t(action[props.kind])}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}

/** Shows who stands behind an address, as the person's own server tells. */
function ProfileCheck(props: { userId: UserId }) {
  const { commands } = useClient();
  const [profile, setProfile] = createSignal<Profile | null>();
  createEffect(() => {
    const userId = props.userId;
    let current = true;
    setProfile(undefined);
    const timer = setTimeout(() => {
      commands.searchUser(userId).then(
        (found) => current && setProfile(found),
        () => current && setProfile(null),
      );
    }, pause_ms);
    onCleanup(() => {
      current = false;
      clearTimeout(timer);
    });
  });
  return (
    <div class={s.profile} data-testid="profile-check" aria-live="polite">
      <Switch>
        <Match when={profile() === undefined}>
          <Spinner size={20} />
          {t('new-checking')}
        </Match>
        <Match when={profile() === null}>
          <Icon name="circle-alert" size={20} />
          {t('new-not-found')}
        </Match>
        <Match when={profile()}>
          {(found) => (
            <>
              <Avatar id={found().userId} name={found().name} photo={found().avatar} size={42} />
              <span>
                <span class={s.name}>{found().name}</span>
                <span class={s.note}>{t('new-found')}</span>
              </span>
            </>
          )}
        </Match>
      </Switch>
    </div>
  );
}
