import { createMemo, createSignal, Match, Show, Suspense, Switch } from 'solid-js';
import { useClient } from '../../store/context';
import type { ServerInfo } from '../../store/contract';
import { Icon } from '../../ui/icon';
import { part } from '../../ui/parts';
import s from './auth.module.css';
import { ServerChoice } from './server-choice';
import { SignIn } from './sign-in';
import { SignUp } from './sign-up';
import { hasLoginToken, SingleSignOn } from './single-sign-on';

const PhoneCard = part(async () => (await import('./phone/phone-card')).PhoneCard);

/** The cards for coming in: with an account that exists or with a new one. */
export function AuthScreen() {
  const { state } = useClient();
  const [creating, setCreating] = createSignal(false);
  const [wished, setWished] = createSignal<'phone' | 'name'>();
  const [chosen, setChosen] = createSignal<ServerInfo>();
  const server = createMemo(() => {
    const session = state.session;
    return chosen() ?? (session.phase === 'signedOut' || session.phase === 'softLoggedOut' ? session.server : null);
  });
  const again = () => (state.session.phase === 'softLoggedOut' ? state.session.userId : undefined);
  /** By number where the server offers it; who was signed in gives the password again, if nothing else is wished for. */
  const byPhone = () => server()?.phoneLogin === true && (wished() ?? (again() ? 'name' : 'phone')) === 'phone';
  /** Back from a sign-in elsewhere: how that ends is told here, whatever the server that is known by then offers. */
  const isBack = hasLoginToken();
  const mayCreate = () => server()?.registration === 'open' || server()?.registration === 'token';
  return (
    <main class={s.screen} data-testid="auth-screen">
      <section class={s.card} data-testid="auth-card">
        <Icon name="logo" size={120} class={s.logo} />
        <Switch>
          <Match when={creating() && !again() && server()}>
            {(info) => <SignUp server={info()} chosen={chosen()?.name ?? null} signIn={() => setCreating(false)} />}
          </Match>
          {/* Another server knows nothing of a code that this one sent. */}
          <Match when={byPhone() && server()} keyed>
            {(info) => (
              <Suspense>
                <PhoneCard
                  server={info}
                  chosen={chosen()?.name ?? null}
                  byName={info.passwordLogin ? () => setWished('name') : undefined}
                />
              </Suspense>
            )}
          </Match>
          <Match when={true}>
            <SignIn
              server={server()}
              chosen={chosen()?.name ?? null}
              again={again()}
              signUp={mayCreate() ? () => setCreating(true) : undefined}
              byPhone={server()?.phoneLogin ? () => setWished('phone') : undefined}
            />
          </Match>
        </Switch>
        <Show when={isBack || (server()?.sso.length ?? 0) > 0}>
          <SingleSignOn server={server()} />
        </Show>
        <Show when={!again()}>
          <ServerChoice server={server()} onChosen={setChosen} />
        </Show>
      </section>
    </main>
  );
}
