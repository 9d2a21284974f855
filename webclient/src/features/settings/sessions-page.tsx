import { createResource, createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { dateAndTime } from '../../i18n/dates';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { SessionInfo } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { closeLeft, hasFeature } from '../../store/pages';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Failed } from '../../ui/failed';
import { Field } from '../../ui/field';
import { openMenu } from '../../ui/menu';
import { Page, PageRow, Section } from '../../ui/page';
import { Spinner } from '../../ui/spinner';
import { byPassword, Confirm } from './confirm';
import s from './settings.module.css';

type Asked = { readonly kind: 'end' | 'rename'; readonly sessions: readonly SessionInfo[] };

/** Where I am signed in: this session first; others can be named and ended from here. */
export function SessionsPage() {
  const { commands } = useClient();
  const [sessions, { refetch }] = createResource(() => commands.sessions());
  const [asked, setAsked] = createSignal<Asked>();
  const known = () => (sessions.error ? [] : (sessions() ?? []));
  const others = () => known().filter((one) => !one.current);
  const named = (one: SessionInfo) => one.name || one.deviceId;
  const about = (one: SessionInfo) =>
    [one.ip, one.seenTs === null ? '' : dateAndTime(one.seenTs)].filter((part) => part !== '').join(' · ');
  const menu = (one: SessionInfo, at: HTMLElement) =>
    openMenu(at, [
      {
        id: 'rename',
        label: t('sessions-rename'),
        icon: 'pencil',
        select: () => setAsked({ kind: 'rename', sessions: [one] }),
      },
      ...(one.current
        ? []
        : [
            {
              id: 'end',
              label: t('sessions-end'),
              icon: 'log-out' as const,
              danger: true,
              select: () => setAsked({ kind: 'end', sessions: [one] }),
            },
          ]),
    ]);
  const row = (one: SessionInfo) => (
    <PageRow
      icon="monitor-smartphone"
      text={named(one)}
      sub={about(one)}
      onClick={(event) => menu(one, event.currentTarget)}
      testid={one.current ? 'session-current' : 'session'}
    />
  );
  return (
    <Page title={t('settings-sessions')} onBack={closeLeft} backLabel={t('page-back')} testid="sessions">
      <Show when={sessions.error}>
        <Failed error={sessions.error} retry={() => void refetch()} />
      </Show>
      <Section caption={t('sessions-this')}>
        <For each={known().filter((one) => one.current)}>{row}</For>
        <Show when={others().length > 0}>
          <PageRow
            icon="log-out"
            text={t('sessions-end-others')}
            danger
            onClick={() => setAsked({ kind: 'end', sessions: others() })}
            testid="end-others"
          />
        </Show>
      </Section>
      <Show when={others().length > 0}>
        <Section caption={t('sessions-others')}>
          <For each={others()}>{row}</For>
        </Section>
      </Show>
      <Show when={asked()} keyed>
        {(ask) => (
          <SessionDialog
            asked={ask}
            onClose={(done) => {
              setAsked(undefined);
              if (done) void refetch();
            }}
          />
        )}
      </Show>
    </Page>
  );
}

type SessionDialogProps = { asked: Asked; onClose: (done: boolean) => void };

function SessionDialog(props: SessionDialogProps) {
  return (
    <Show when={props.asked.kind === 'end'} fallback={<RenameDialog {...props} />}>
      <EndDialog {...props} />
    </Show>
  );
}

/** Ends sessions, once it is clear that it is me: by the password, or by a code where there is none. */
function EndDialog(props: SessionDialogProps) {
  const { commands } = useClient();
  const [own] = createResource(async () => (hasFeature('login.sms') ? commands.ownPhone() : byPassword));
  const ids = () => props.asked.sessions.map((one) => one.deviceId);
  return (
    <Dialog title={t('sessions-end')} onClose={() => props.onClose(false)} testid="session-dialog">
      <Show when={own.state !== 'pending'} fallback={<Spinner size={24} />}>
        <Confirm
          own={own.error ? byPassword : (own.latest ?? byPassword)}
          yes={t('sessions-end')}
          act={async (confirmation) => {
            await commands.endSessions(ids(), confirmation);
            props.onClose(true);
          }}
          cancel={() => props.onClose(false)}
        />
      </Show>
    </Dialog>
  );
}

function RenameDialog(props: SessionDialogProps) {
  const { commands } = useClient();
  const [words, setWords] = createSignal(props.asked.sessions[0]?.name ?? '');
  const [error, setError] = createSignal<string>();
  const [busy, setBusy] = createSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await commands.renameSession(props.asked.sessions[0]?.deviceId ?? '', words().trim());
      props.onClose(true);
    } catch (failure) {
      setError(errorText(errorInfo(failure), true));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t('sessions-rename')} onClose={() => props.onClose(false)} testid="session-dialog">
      <form class={s.form} onSubmit={(event) => void submit(event)}>
        <Field
          label={t('sessions-name')}
          autocomplete="off"
          value={words()}
          error={error()}
          maxLength={100}
          onInput={(event) => setWords(event.currentTarget.value)}
          data-testid="session-field"
        />
        <DialogButtons>
          <Button onClick={() => props.onClose(false)}>{t('new-cancel')}</Button>
          <Button type="submit" disabled={words().trim() === '' || busy()} busy={busy()} data-testid="session-submit">
            {t('info-save')}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
