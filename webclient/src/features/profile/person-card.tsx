import { createResource, createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { dateAndTime } from '../../i18n/dates';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { UserId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { setPerson } from '../../store/messages-ui';
import { closeAllLeft, openLeft } from '../../store/pages';
import { knownName, me } from '../../store/people';
import { goTo } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { Button } from '../../ui/button';
import { ask, Dialog, DialogButtons } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { PageRow } from '../../ui/page';
import { toast } from '../../ui/toast';
import s from './person-card.module.css';

/** Who somebody is: their picture, address, what we share, and what can be done. */
export function PersonCard(props: { userId: UserId }) {
  const { state, commands } = useClient();
  const [editing, setEditing] = createSignal<'contact' | 'report'>();
  const [profile] = createResource(() => commands.searchUser(props.userId));
  const [common] = createResource(() => commands.commonRooms(props.userId));
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const close = () => setPerson(undefined);
  const user = () => state.users[props.userId];
  const theirs = () => (profile.error ? undefined : profile());
  const name = () => state.own.contacts[props.userId] || theirs()?.name || knownName(state, props.userId);
  const isMe = () => props.userId === me(state);
  const blocked = () => state.own.blocked.includes(props.userId);
  const foreign = () => props.userId.replace(/^[^:]*/, '') !== me(state).replace(/^[^:]*/, '');
  const status = () => {
    if (user()?.presence === 'online') return t('chat-online');
    const seen = user()?.lastActiveTs;
    return seen ? t('chat-last-seen', { when: dateAndTime(seen) }) : undefined;
  };
  const message = () =>
    void commands.createPrivateChat(props.userId).then((roomId) => {
      close();
      closeAllLeft();
      goTo(roomId);
    }, tell);
  const block = () =>
    ask({
      title: t(blocked() ? 'person-unblock-confirm' : 'person-block-confirm', { name: name() }),
      ...(blocked() ? {} : { hint: t('blocked-hint') }),
      yes: t(blocked() ? 'person-unblock' : 'person-block'),
      no: t('new-cancel'),
      danger: !blocked(),
      answer: () => void commands.setBlocked(props.userId, !blocked()).catch(tell),
    });
  const copy = () => void navigator.clipboard.writeText(props.userId).then(() => toast(t('message-copied')), tell);
  const groups = () => (common() ?? []).filter((id) => state.rooms[id]?.kind === 'group' && !state.rooms[id]?.saved);
  return (
    <Dialog title={t('info-title-person')} onClose={close} testid="person-card">
      <div class={s.card}>
        <Avatar
          id={props.userId}
          name={name()}
          photo={theirs()?.avatar ?? user()?.avatar}
          size={120}
          online={user()?.presence === 'online'}
        />
        <p class={s.name} data-testid="person-name">
          {name()}
        </p>
        <Show when={status()}>{(words) => <p class={s.sub}>{words()}</p>}</Show>
      </div>
      <PageRow
        icon="at-sign"
        text={props.userId}
        sub={foreign() ? t('person-foreign') : t('info-address')}
        onClick={copy}
        testid="person-address"
      />
      <Show
        when={!isMe()}
        fallback={
          <PageRow
            icon="pencil"
            text={t('settings-edit-profile')}
            onClick={() => {
              close();
              openLeft('profile');
            }}
          />
        }
      >
        <PageRow icon="message-circle" text={t('info-message')} onClick={message} testid="person-message" />
        <PageRow
          icon={props.userId in state.own.contacts ? 'user-round-check' : 'user-plus'}
          text={t(props.userId in state.own.contacts ? 'person-contact-edit' : 'person-contact-add')}
          onClick={() => setEditing('contact')}
          testid="person-contact"
        />
        <PageRow
          icon="ban"
          text={t(blocked() ? 'person-unblock' : 'person-block')}
          danger={!blocked()}
          onClick={block}
          testid="person-block"
        />
        <PageRow
          icon="flag"
          text={t('person-report')}
          danger
          onClick={() => setEditing('report')}
          testid="person-report"
        />
      </Show>
      <Show when={!isMe() && groups().length > 0}>
        <h3 class={s.caption}>{t('person-common', { count: groups().length })}</h3>
        <div class={s.groups}>
          <For each={groups()}>
            {(id) => (
              <PageRow
                lead={<Avatar id={id} name={state.rooms[id]?.name ?? ''} photo={state.rooms[id]?.avatar} size={42} />}
                text={state.rooms[id]?.name ?? ''}
                onClick={() => {
                  close();
                  goTo(id);
                }}
                testid="person-group"
              />
            )}
          </For>
        </div>
      </Show>
      <Show when={editing()} keyed>
        {(kind) => (
          <OneLine
            kind={kind}
            userId={props.userId}
            start={kind === 'contact' ? name() : ''}
            onClose={() => setEditing(undefined)}
          />
        )}
      </Show>
    </Dialog>
  );
}

/** My own name for somebody, or why they are reported. */
function OneLine(props: { kind: 'contact' | 'report'; userId: UserId; start: string; onClose: () => void }) {
  const { state, commands } = useClient();
  const [words, setWords] = createSignal(props.start);
  const [error, setError] = createSignal<string>();
  const contact = () => props.kind === 'contact';
  const run = async (work: () => Promise<void>) => {
    try {
      await work();
      props.onClose();
    } catch (failure) {
      setError(errorText(errorInfo(failure)));
    }
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const text = words().trim();
    void run(async () => {
      if (contact()) return commands.setContact(props.userId, text);
      await commands.reportUser(props.userId, text);
      toast(t('person-reported'));
    });
  };
  return (
    <Dialog title={t(contact() ? 'person-contact-add' : 'person-report')} onClose={props.onClose} testid="person-line">
      <form class={s.form} onSubmit={submit}>
        <Field
          label={t(contact() ? 'person-contact-name' : 'removal-reason')}
          value={words()}
          maxLength={250}
          error={error()}
          onInput={(event) => setWords(event.currentTarget.value)}
          data-testid="person-field"
        />
        <DialogButtons>
          <Show when={contact() && props.userId in state.own.contacts}>
            <Button
              kind="danger"
              onClick={() => void run(() => commands.setContact(props.userId, null))}
              data-testid="person-contact-remove"
            >
              {t('person-contact-remove')}
            </Button>
          </Show>
          <Button onClick={() => props.onClose()}>{t('new-cancel')}</Button>
          <Button type="submit" disabled={contact() && words().trim() === ''} data-testid="person-save">
            {t(contact() ? 'info-save' : 'person-report')}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
