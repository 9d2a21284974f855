import { Show } from 'solid-js';
import { t } from '../i18n';
import { errorText } from '../i18n/words';
import type { ErrorInfo } from '../store/contract';
import { errorInfo } from '../store/errors';
import { Blank } from './blank';
import s from './blank.module.css';
import { Button } from './button';
import { toast } from './toast';

type FailedProps = {
  /** What was thrown, or its facts. */
  error: unknown;
  /** What did not work; else the reason alone is told. */
  title?: string;
  retry: () => void;
};

/** Stands where a screen could not be had: why in words, the code to be copied for who helps, and another try. */
export function Failed(props: FailedProps) {
  const info = (): ErrorInfo => {
    const { error } = props;
    return typeof error === 'object' && error !== null && 'errcode' in error ? (error as ErrorInfo) : errorInfo(error);
  };
  const copy = () =>
    void navigator.clipboard.writeText(`${info().errcode} ${info().status} ${info().message}`).then(
      () => toast(t('message-copied')),
      () => undefined,
    );
  return (
    <Show
      when={props.title}
      fallback={
        <Blank icon="circle-alert" title={errorText(info())} testid="failed">
          <Rest />
        </Blank>
      }
    >
      {(title) => (
        <Blank icon="circle-alert" title={title()} hint={errorText(info())} testid="failed">
          <Rest />
        </Blank>
      )}
    </Show>
  );
  function Rest() {
    return (
      <>
        <button type="button" class={s.code} data-tooltip={t('message-copy')} onClick={copy} data-testid="error-code">
          {t('error-code', { code: info().errcode })}
        </button>
        <Button onClick={() => props.retry()} data-testid="retry">
          {t('error-retry')}
        </Button>
      </>
    );
  }
}
