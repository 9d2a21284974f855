import { createEffect, createSignal, For, Match, onCleanup, Show, Switch } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { Profile, UserId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { me } from '../../store/people';
import { goTo } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { Icon } from '../../ui/icon';
import { Spinner } from '../../ui/spinner';
import s from './new-chat.module.css';

export type NewChatKind = 'private' | 'group' | 'join';

const pause_ms = 300;
const isUserId = (words: string) => /^@[^:\s]+:[^\s]+$/.test(words);
const isRoomAddress = (words: string) => /^#[^:\s]+:\S+$|^!\S+$/.test(words);

/** Dialog for a new private chat, a new group, or a known group by its address. */
export function NewChat(props: { kind: NewChatKind; address: string; onClose: () => void }) {
  const { state, commands } = useClient();
  const [address, setAddress] = createSignal(props.address);
  const [name, setName] = createSignal('');
  const [people, setPeople] = createSignal<readonly UserId[]>([]);
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
    if (props.kind === 'group') return name().trim() !== '' && problem() === undefined;
    return person() !== '' && problem() === undefined;
  };
  const add = () => {
    if (person() === '' || problem()) return;
    setPeople([...new Set([...people(), person()])]);
    setAddress('');
  };
  const make = () => {
    if (props.kind === 'private') return commands.createPrivateChat(person());
    if (props.kind === 'join') return commands.join(person());
    return commands.createGroup(name().trim(), person() ? [...new Set([...people(), person()])] : people());
  };
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
  const title = { private: 'new-private-title', group: 'new-group-title', join: 'new-join-title' } as const;
  const action = { private: 'new-start', group: 'new-create', join: 'new-join' } as const;
  return (
    <Dialog title={t(title[props.kind])} onClose={props.onClose} testid="new-chat-dialog">
      <form class={s.form} onSubmit={(event) => void submit(event)}>
        <Show when={props.kind === 'group'}>
          <Field
            label={t('new-group-name')}
            value={name()}
            onInput={(event) => setName(event.currentTarget.value)}
            maxLength={255}
            autofocus
            data-testid="group-name"
          />
          <Show when={people().length > 0}>
            <ul class={s.people} aria-label={t('new-group-people')}>
              <For each={people()}>
                {(id) => (
                  <li>
                    <button
                      type="button"
                      class={s.chip}
                      onClick={() => setPeople(people().filter((one) => one !== id))}
                    >
                      {id}
                      <Icon name="x" size={16} />
                    </button>
                  </li>
                )}
              </For>
            </ul>
          </Show>
        </Show>
        <div class={s.line}>
          <div class={s.grow}>
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
          </div>
          <Show when={props.kind === 'group'}>
            <Button onClick={add} disabled={person() === '' || problem() !== undefined} data-testid="add-person">
              {t('new-group-add')}
            </Button>
          </Show>
        </div>
        <Show when={props.kind !== 'join' && isUserId(person()) && !problem()}>
          <ProfileCheck userId={person()} />
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
              <Avatar id={found().userId} name={found().name} size={42} />
              <span>
                <span class={s.name}>{found().name}</span>
                <span class={s.found}>{t('new-found')}</span>
              </span>
            </>
          )}
        </Match>
      </Switch>
    </div>
  );
}
