import { createSignal, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { ServerInfo } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { Button } from '../../ui/button';
import { Field } from '../../ui/field';
import { Icon } from '../../ui/icon';
import s from './auth.module.css';

/** Which server the card speaks of, and a field to choose another one. */
export function ServerChoice(props: { server: ServerInfo | null; onChosen: (server: ServerInfo) => void }) {
  const { commands } = useClient();
  const [open, setOpen] = createSignal(false);
  const [name, setName] = createSignal('');
  const [error, setError] = createSignal<string>();
  const [busy, setBusy] = createSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const wanted = name().trim();
    if (!wanted || busy()) return;
    setBusy(true);
    setError(undefined);
    try {
      props.onChosen(await commands.discover(wanted));
      setOpen(false);
    } catch (failure) {
      const info = errorInfo(failure);
      setError(info.errcode === 'NO_SERVER' ? t('error-not-a-server', { server: wanted }) : errorText(info));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Show
      when={open()}
      fallback={
        <button type="button" class={s.server} onClick={() => setOpen(true)} data-testid="server-choice">
          <Icon name="globe" size={20} />
          <span class={s.serverName}>
            {props.server ? t('auth-server-own', { server: props.server.name }) : t('auth-server')}
          </span>
          <span class={s.change}>{t('auth-change-server')}</span>
        </button>
      }
    >
      <form class={s.serverForm} onSubmit={(event) => void submit(event)}>
        <Field
          label={t('auth-server')}
          value={name()}
          error={error()}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={(event) => setName(event.currentTarget.value)}
          data-testid="server"
        />
        <div class={s.serverButtons}>
          <Button onClick={() => setOpen(false)}>{t('new-cancel')}</Button>
          <Button type="submit" disabled={!name().trim() || busy()} busy={busy()} data-testid="server-submit">
            {t('auth-change-server')}
          </Button>
        </div>
      </form>
    </Show>
  );
}
