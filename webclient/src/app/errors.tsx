import { ErrorBoundary, type JSX } from 'solid-js';
import { t } from '../i18n';
import { Blank } from '../ui/blank';
import { Button } from '../ui/button';

/** Keeps a failure inside one pane: the rest of the page goes on, and this part can be tried again. */
export function Guarded(props: { children: JSX.Element }) {
  return (
    <ErrorBoundary
      fallback={(error: unknown, reset) => (
        <Blank icon="circle-alert" title={t('error-screen-title')} testid="pane-error">
          <small>{String(error)}</small>
          <Button onClick={reset}>{t('error-retry')}</Button>
        </Blank>
      )}
    >
      {props.children}
    </ErrorBoundary>
  );
}
