import { createSignal, For, onMount, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { ServerInfo } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { Button } from '../../ui/button';
import s from './auth.module.css';

/** Where this tab noted to which server it went to sign in: only an answer that it asked for is taken. */
const asked = 'hearth.sso';

/** The token that a sign-in elsewhere came back with. */
export const hasLoginToken = (): boolean => new URLSearchParams(location.search).has('loginToken');

/** Buttons to sign in at others who know this server: there, and back with a token. */
export function SingleSignOn(props: { server: ServerInfo | null }) {
  const { commands } = useClient();
  const [busy, setBusy] = createSignal(false);
  const [error, setError] = createSignal<string>();
  onMount(() => {
    const token = new URLSearchParams(location.search).get('loginToken');
    const server = sessionStorage.getItem(asked);
    sessionStorage.removeItem(asked);
    if (token === null) return;
    // It works once, and is nothing for the history of the browser.
    history.replaceState(null, '', location.pathname + location.hash);
    if (server === null) {
      setError(t('auth-sso-failed'));
      return;
    }
    setBusy(true);
    void commands
      .loginByToken({ server, token })
      .catch((failure: unknown) => {
        const info = errorInfo(failure);
        setError(info.errcode === 'M_FORBIDDEN' ? t('auth-sso-failed') : errorText(info, true));
      })
      .finally(() => setBusy(false));
  });
  const go = (id: string | null) => {
    const server = props.server;
    if (!server) return;
    sessionStorage.setItem(asked, server.url);
    const provider = id === null ? '' : `/${encodeURIComponent(id)}`;
    const back = encodeURIComponent(location.origin + location.pathname);
    location.assign(`${server.url}/_matrix/client/v3/login/sso/redirect${provider}?redirectUrl=${back}`);
  };
  return (
    <div class={s.buttons} data-testid="single-sign-on">
      <Show when={error()}>
        {(words) => (
          <p class={s.problem} role="alert" data-testid="sso-error">
            {words()}
          </p>
        )}
      </Show>
      <For each={props.server?.sso ?? []}>
        {(one) => (
          <Button kind="light" disabled={busy()} busy={busy()} onClick={() => go(one.id)} data-testid="sso">
            {one.name === '' ? t('auth-sso') : t('auth-sso-with', { name: one.name })}
          </Button>
        )}
      </For>
    </div>
  );
}
