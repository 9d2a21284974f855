import { For, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import type { ErrorInfo } from '../../store/contract';
import { Blank } from '../../ui/blank';
import { Button } from '../../ui/button';
import s from './timeline.module.css';

const widths = ['wide', 'narrow', 'middle', 'wide', 'middle', 'narrow', 'wide'] as const;

/** Grey bubbles until the first messages are here, or why they do not come. */
export function Skeleton(props: { error?: ErrorInfo | null; retry?: () => void }) {
  return (
    <Show
      when={props.error}
      fallback={
        <div class={s.skeleton} aria-hidden="true" data-testid="timeline-skeleton">
          <For each={widths}>{(width, at) => <div class={s.ghost} data-width={width} data-own={at() % 3 === 2} />}</For>
        </div>
      }
    >
      {(error) => (
        <Blank icon="circle-alert" title={t('chat-load-failed')} hint={errorText(error())}>
          <small>{t('error-code', { code: error().errcode })}</small>
          <Button onClick={() => props.retry?.()}>{t('error-retry')}</Button>
        </Blank>
      )}
    </Show>
  );
}
