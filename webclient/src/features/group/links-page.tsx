import { createResource, createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { dateAndTime } from '../../i18n/dates';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { InviteLink, RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { closeRight } from '../../store/pages';
import { nameOf } from '../../store/people';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Failed } from '../../ui/failed';
import { Field } from '../../ui/field';
import { openMenu } from '../../ui/menu';
import { Choices, Page, PageRow, Section, SwitchRow } from '../../ui/page';
import { QrImage } from '../../ui/qr-image';
import { toast } from '../../ui/toast';
import s from './group.module.css';

const hour_ms = 3_600_000;
/** Of those who came by a link. */
const names_most = 5;
const lives = { never: null, hour: hour_ms, day: 24 * hour_ms, week: 7 * 24 * hour_ms } as const;
type Life = keyof typeof lives;

/** The address that somebody is given. */
export const linkAddress = (token: string): string => `${location.origin}${location.pathname}#/join/${token}`;

/** Links by which people come into a group. */
export function LinksPage(props: { roomId: RoomId }) {
  const { commands, state } = useClient();
  const [links, { refetch }] = createResource(() => commands.inviteLinks(props.roomId));
  const [making, setMaking] = createSignal(false);
  const [showing, setShowing] = createSignal<InviteLink>();
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const copy = (link: InviteLink) =>
    void navigator.clipboard.writeText(linkAddress(link.token)).then(() => toast(t('message-copied')), tell);
  const revoke = (link: InviteLink) =>
    void commands.revokeInviteLink(props.roomId, link.token).then(() => refetch(), tell);
  const about = (link: InviteLink) =>
    [
      t('link-uses', { count: link.uses }),
      link.maxUses === null ? '' : t('link-of', { count: link.maxUses }),
      link.expiresTs === null ? '' : t('link-until', { when: dateAndTime(link.expiresTs) }),
      link.approval ? t('link-approval') : '',
      link.users
        .slice(0, names_most)
        .map((id) => nameOf(state, props.roomId, id))
        .join(', '),
    ]
      .filter((part) => part !== '')
      .join(' · ');
  const menu = (link: InviteLink, at: HTMLElement) =>
    openMenu(at, [
      { id: 'copy', label: t('link-copy'), icon: 'copy', select: () => copy(link) },
      { id: 'show', label: t('link-show'), icon: 'camera', select: () => setShowing(link) },
      { id: 'revoke', label: t('link-revoke'), icon: 'trash-2', danger: true, select: () => revoke(link) },
    ]);
  const known = () => (links.error ? [] : (links() ?? []));
  return (
    <Page title={t('group-links')} onBack={closeRight} backLabel={t('page-back')} testid="links">
      <Section note={t('links-note')}>
        <PageRow icon="plus" text={t('link-new')} onClick={() => setMaking(true)} testid="link-new" />
        <For each={known()}>
          {(link) => (
            <PageRow
              icon="link"
              text={link.name || linkAddress(link.token)}
              sub={about(link)}
              onClick={(event) => menu(link, event.currentTarget)}
              testid="link"
            />
          )}
        </For>
      </Section>
      <Show when={links.error}>
        <Failed error={links.error} retry={() => void refetch()} />
      </Show>
      <Show when={showing()}>
        {(link) => (
          <Dialog
            title={link().name || t('group-links')}
            onClose={() => setShowing(undefined)}
            narrow
            testid="link-code"
          >
            <QrImage text={linkAddress(link().token)} label={linkAddress(link().token)} />
            <p class={s.address}>{linkAddress(link().token)}</p>
            <DialogButtons>
              <Button onClick={() => copy(link())}>{t('link-copy')}</Button>
              <Button onClick={() => setShowing(undefined)}>{t('info-close')}</Button>
            </DialogButtons>
          </Dialog>
        )}
      </Show>
      <Show when={making()}>
        <LinkDialog
          roomId={props.roomId}
          canAsk={state.rooms[props.roomId]?.group.access === 'knock'}
          onClose={() => {
            setMaking(false);
            void refetch();
          }}
        />
      </Show>
    </Page>
  );
}

function LinkDialog(props: { roomId: RoomId; canAsk: boolean; onClose: () => void }) {
  const { commands } = useClient();
  const [name, setName] = createSignal('');
  const [life, setLife] = createSignal<Life>('never');
  const [uses, setUses] = createSignal('');
  const [approval, setApproval] = createSignal(false);
  const [error, setError] = createSignal<string>();
  const [busy, setBusy] = createSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      const span = lives[life()];
      await commands.makeInviteLink(props.roomId, {
        name: name().trim(),
        expiresTs: span === null ? null : Date.now() + span,
        maxUses: uses() === '' ? null : Number(uses()),
        approval: approval(),
      });
      props.onClose();
    } catch (failure) {
      setError(errorText(errorInfo(failure)));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t('link-new')} onClose={props.onClose} testid="link-dialog">
      <form class={s.form} onSubmit={(event) => void submit(event)}>
        <Field
          label={t('link-name')}
          value={name()}
          maxLength={64}
          error={error()}
          onInput={(event) => setName(event.currentTarget.value)}
          data-testid="link-name"
        />
        <Field
          label={t('link-limit')}
          value={uses()}
          inputMode="numeric"
          pattern="[0-9]*"
          maxLength={6}
          onInput={(event) => setUses(event.currentTarget.value.replace(/\D/g, ''))}
          data-testid="link-limit"
        />
        <Choices
          label={t('link-life')}
          choices={(['never', 'hour', 'day', 'week'] as const).map((id) => ({ id, text: t(`life-${id}`) }))}
          value={life()}
          onChange={setLife}
        />
        <Show when={props.canAsk}>
          <SwitchRow text={t('link-approval')} on={approval()} onChange={setApproval} testid="link-approval" />
        </Show>
        <DialogButtons>
          <Button onClick={() => props.onClose()}>{t('new-cancel')}</Button>
          <Button type="submit" disabled={busy() || uses() === '0'} busy={busy()} data-testid="link-submit">
            {t('new-create')}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
