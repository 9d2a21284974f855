import { createSignal, Show } from 'solid-js';
import { t } from '../../i18n';
import { lengthText } from '../../i18n/dates';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { closeAllRight, closeRight, hasFeature, openRight } from '../../store/pages';
import { me } from '../../store/people';
import { goTo } from '../../store/ui';
import { Button } from '../../ui/button';
import { ask } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { openMenu } from '../../ui/menu';
import { Page, PageRow, Section } from '../../ui/page';
import { PhotoField } from '../../ui/photo-field';
import { toast } from '../../ui/toast';
import s from './group.module.css';

/** Seconds between messages that can be chosen. */
const slowness = [0, 10, 30, 60, 300, 900, 3600];

/** Name, photo and description of a group, and the doors to its other settings. */
export function EditPage(props: { roomId: RoomId }) {
  const { state, commands } = useClient();
  const room = () => state.rooms[props.roomId];
  const [name, setName] = createSignal(room()?.name ?? '');
  const [topic, setTopic] = createSignal(room()?.topic ?? '');
  const [busy, setBusy] = createSignal(false);
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const changed = () => name().trim() !== room()?.name || topic().trim() !== room()?.topic;
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      if (name().trim() !== room()?.name) await commands.setRoomName(props.roomId, name());
      if (topic().trim() !== room()?.topic) await commands.setRoomTopic(props.roomId, topic().trim());
      closeRight();
    } catch (error) {
      tell(error);
    } finally {
      setBusy(false);
    }
  };
  const pick = async (picture: Blob) =>
    commands.setRoomAvatar(props.roomId, await commands.uploadFile(picture, 'photo.jpg'));
  const copyId = () => void navigator.clipboard.writeText(props.roomId).then(() => toast(t('message-copied')), tell);
  const access = () => room()?.group.access ?? 'private';
  const alone = () => {
    const powers = room()?.powers ?? {};
    const mine = room()?.my.level ?? 0;
    return mine >= 100 && !Object.entries(powers).some(([id, level]) => id !== me(state) && level >= mine);
  };
  const lengthOf = (seconds: number) => (seconds > 0 ? lengthText(seconds) : t('slow-off'));
  const openSlowMenu = (at: Element) =>
    openMenu(
      at,
      slowness.map((seconds) => ({
        id: `slow-${seconds}`,
        label: lengthOf(seconds),
        icon: seconds === (room()?.group.slowModeS ?? 0) ? 'check' : seconds > 0 ? 'hourglass' : 'x',
        select: () => void commands.setSlowMode(props.roomId, seconds).catch(tell),
      })),
      { placement: 'bottom-end' },
    );
  const close = () =>
    ask({
      title: t('group-close-confirm', { name: room()?.name ?? '' }),
      hint: t('group-close-hint'),
      yes: t('group-close'),
      no: t('new-cancel'),
      danger: true,
      answer: () => {
        const { roomId } = props;
        void commands.closeGroup(roomId).then(() => {
          closeAllRight();
          goTo(null);
        }, tell);
      },
    });
  return (
    <Page title={t('info-edit')} onBack={closeRight} backLabel={t('page-back')} testid="group-edit">
      <div class={s.photo}>
        <Show when={room()?.my.setAvatar}>
          <PhotoField
            id={props.roomId}
            name={room()?.name ?? ''}
            photo={room()?.avatar}
            label={t('group-photo')}
            onPick={pick}
            onFailure={tell}
            testid="group-photo"
          />
        </Show>
      </div>
      <Section>
        <form class={s.form} onSubmit={(event) => void save(event)}>
          <Field
            label={t('info-edit-name')}
            value={name()}
            maxLength={255}
            disabled={!room()?.my.setName}
            onInput={(event) => setName(event.currentTarget.value)}
            data-testid="edit-name"
          />
          <Field
            label={t('info-topic')}
            value={topic()}
            maxLength={1000}
            disabled={!room()?.my.setTopic}
            onInput={(event) => setTopic(event.currentTarget.value)}
            data-testid="edit-topic"
          />
          <div class={s.buttons}>
            <Button
              type="submit"
              disabled={!changed() || name().trim() === '' || busy()}
              busy={busy()}
              data-testid="edit-save"
            >
              {t('info-save')}
            </Button>
          </div>
        </form>
      </Section>
      <Section>
        <Show when={room()?.group.canSetAccess}>
          <PageRow
            icon="globe"
            text={t('group-access')}
            value={t(`access-${access()}`)}
            onClick={() => openRight('access')}
            testid="open-access"
          />
        </Show>
        <Show when={hasFeature('roles') && room()?.group.canSetRoles}>
          <PageRow
            icon="shield"
            text={t('group-roles')}
            value={String(room()?.group.roles?.roles.length ?? 0)}
            onClick={() => openRight('roles')}
            testid="open-roles"
          />
        </Show>
        <Show when={hasFeature('slow_mode') && room()?.group.canSetSlowMode}>
          <PageRow
            icon="hourglass"
            text={t('slow-title')}
            value={lengthOf(room()?.group.slowModeS ?? 0)}
            onClick={(event) => openSlowMenu(event.currentTarget)}
            testid="open-slow"
          />
        </Show>
        <Show when={hasFeature('invites') && room()?.my.invite}>
          <PageRow icon="link" text={t('group-links')} onClick={() => openRight('links')} testid="open-links" />
        </Show>
        <Show when={room()?.my.ban}>
          <PageRow icon="user-x" text={t('group-banned')} onClick={() => openRight('banned')} testid="open-banned" />
        </Show>
        <PageRow icon="history" text={t('group-log')} onClick={() => openRight('log')} testid="open-log" />
      </Section>
      <Section caption={t('group-technical')}>
        <PageRow icon="info" text={t('group-version')} value={room()?.group.version} testid="group-version" />
        <PageRow icon="copy" text={props.roomId} sub={t('info-id')} onClick={copyId} testid="group-id" />
        <Show when={room()?.group.deniedServers.length}>
          <PageRow
            icon="ban"
            text={t('group-denied')}
            sub={room()?.group.deniedServers.join(', ')}
            testid="group-denied"
          />
        </Show>
      </Section>
      <Show when={hasFeature('close_room') && alone()}>
        <Section>
          <PageRow icon="trash-2" text={t('group-close')} danger onClick={close} testid="group-close" />
        </Section>
      </Show>
    </Page>
  );
}
