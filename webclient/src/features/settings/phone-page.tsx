import { createResource, createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { dateAndTime } from '../../i18n/dates';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { Discovery, OwnNumber, OwnPhone } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { closeLeft } from '../../store/pages';
import { ask, Dialog } from '../../ui/dialog';
import { Failed } from '../../ui/failed';
import { openMenu } from '../../ui/menu';
import { Choices, Page, PageRow, Section, SwitchRow } from '../../ui/page';
import { masked } from '../../ui/phone/numbers';
import { toast } from '../../ui/toast';
import { Confirm } from './confirm';
import { NumberDialog } from './number-dialog';
import { PasswordDialog } from './password-dialog';

/** My numbers, what is asked for when I come in by one, and who finds me by one. */
export function PhonePage() {
  const { commands } = useClient();
  const [own, { refetch }] = createResource(() => commands.ownPhone());
  const known = () => (own.error ? undefined : own.latest);
  return (
    <Page title={t('phone-settings')} onBack={closeLeft} backLabel={t('page-back')} testid="phone">
      <Show when={own.error}>
        <Failed error={own.error} retry={() => void refetch()} />
      </Show>
      <Show when={known()}>
        {(now) => (
          <>
            <Recovery />
            <Numbers own={now()} changed={() => void refetch()} />
            <SecondFactor own={now()} changed={() => void refetch()} />
            <Finding own={now()} changed={() => void refetch()} />
          </>
        )}
      </Show>
    </Page>
  );
}

/** Somebody waits for my number alone to open my account. */
function Recovery() {
  const { state, commands } = useClient();
  const stop = () =>
    void commands.stopRecovery().then(
      () => toast(t('recovery-stopped')),
      (error: unknown) => toast(errorText(errorInfo(error))),
    );
  return (
    <Show when={state.own.signIns.recovery}>
      {(one) => (
        <Section note={t('recovery-hint', { date: dateAndTime(one().dueTs) })}>
          <PageRow icon="hourglass" text={t('recovery-title')} sub={one().ip} testid="recovery-waits" />
          <PageRow icon="x" text={t('recovery-stop')} danger onClick={stop} testid="recovery-waits-stop" />
        </Section>
      )}
    </Show>
  );
}

type PartProps = { own: OwnPhone; changed: () => void };

function Numbers(props: PartProps) {
  const { commands } = useClient();
  const [plain, setPlain] = createSignal<string>();
  const [dialog, setDialog] = createSignal<{ readonly old: OwnNumber | undefined }>();
  const refused = (error: unknown) => {
    const info = errorInfo(error);
    toast(info.errcode === 'M_FORBIDDEN' ? t('phone-last-way') : errorText(info));
  };
  const remove = (one: OwnNumber) =>
    ask({
      title: t('phone-remove-ask', { number: masked(one.shown) }),
      hint: t('phone-remove-hint'),
      yes: t('phone-remove'),
      no: t('new-cancel'),
      danger: true,
      answer: () => void commands.removeNumber(one.address).then(props.changed, refused),
    });
  const menu = (one: OwnNumber, at: HTMLElement) =>
    openMenu(at, [
      plain() === one.address
        ? { id: 'hide', label: t('phone-hide'), icon: 'eye-off', select: () => setPlain(undefined) }
        : { id: 'show', label: t('phone-show'), icon: 'eye', select: () => setPlain(one.address) },
      { id: 'change', label: t('phone-change'), icon: 'pencil', select: () => setDialog({ old: one }) },
      { id: 'remove', label: t('phone-remove'), icon: 'trash-2', danger: true, select: () => remove(one) },
    ]);
  return (
    <>
      <Section note={t('phone-note')} testid="own-numbers">
        <For each={props.own.numbers}>
          {(one) => (
            <PageRow
              icon="phone"
              text={plain() === one.address ? one.shown : masked(one.shown)}
              sub={t('phone-settings')}
              onClick={(event) => menu(one, event.currentTarget)}
              testid="own-number"
            />
          )}
        </For>
        <Show when={props.own.numbers.length === 0}>
          <PageRow
            icon="plus"
            text={t('phone-add')}
            onClick={() => setDialog({ old: undefined })}
            testid="add-number"
          />
        </Show>
      </Section>
      <Show when={props.own.pendingChange}>
        {(pending) => (
          <Section note={t('phone-pending-note')}>
            <PageRow
              icon="hourglass"
              text={t('phone-pending', { number: masked(pending().shown), date: dateAndTime(pending().dueTs) })}
              testid="number-pending"
            />
            <PageRow
              icon="x"
              text={t('phone-keep')}
              danger
              onClick={() => void commands.keepNumber().then(props.changed, refused)}
              testid="number-keep"
            />
          </Section>
        )}
      </Show>
      <Show when={dialog()}>
        {(open) => (
          <NumberDialog
            own={props.own}
            old={open().old}
            onClose={() => {
              setDialog(undefined);
              props.changed();
            }}
          />
        )}
      </Show>
    </>
  );
}

function SecondFactor(props: PartProps) {
  const { commands } = useClient();
  const [asking, setAsking] = createSignal(false);
  const on = () => props.own.secondFactor;
  const close = () => {
    setAsking(false);
    props.changed();
  };
  return (
    <Section caption={t('phone-second-factor')} note={t('phone-second-factor-note')}>
      <SwitchRow
        icon="shield-check"
        text={t('phone-second-factor-on')}
        on={on()}
        onChange={() => setAsking(true)}
        testid="second-factor"
      />
      <Show when={asking()}>
        <Show
          when={props.own.hasPassword}
          fallback={
            <PasswordDialog
              own={props.own}
              onClose={close}
              done={(password) => commands.setSecondFactor(true, { password })}
            />
          }
        >
          <Dialog title={t('phone-second-factor')} onClose={close} testid="second-factor-dialog">
            <Confirm
              own={props.own}
              byPassword
              yes={t(on() ? 'phone-second-factor-end' : 'phone-second-factor-begin')}
              act={async (confirmation) => {
                await commands.setSecondFactor(!on(), confirmation);
                close();
              }}
              cancel={close}
            >
              <p>{t('phone-confirm')}</p>
            </Confirm>
          </Dialog>
        </Show>
      </Show>
    </Section>
  );
}

function Finding(props: PartProps) {
  const { commands } = useClient();
  const set = (wish: Partial<Pick<Discovery, 'byNumber' | 'invites'>>) =>
    void commands.setDiscovery(wish).then(props.changed, (error: unknown) => toast(errorText(errorInfo(error))));
  return (
    <>
      <Show when={props.own.discovery.available}>
        <Section caption={t('phone-find')} note={t('phone-find-note')} testid="who-finds-me">
          <Choices
            label={t('phone-find')}
            choices={[
              { id: 'nobody', text: t('phone-find-nobody') },
              { id: 'contacts', text: t('phone-find-contacts') },
            ]}
            value={props.own.discovery.byNumber}
            onChange={(byNumber) => set({ byNumber })}
          />
        </Section>
      </Show>
      <Section note={t('phone-invites-note')}>
        <SwitchRow
          icon="user-plus"
          text={t('phone-invites')}
          on={props.own.discovery.invites}
          onChange={(invites) => set({ invites })}
          testid="number-invites"
        />
      </Section>
    </>
  );
}
