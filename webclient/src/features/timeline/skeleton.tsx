import { For, Show } from 'solid-js';
import { t } from '../../i18n';
import type { ErrorInfo } from '../../store/contract';
import { Failed } from '../../ui/failed';
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
      {(error) => <Failed error={error()} title={t('chat-load-failed')} retry={() => props.retry?.()} />}
    </Show>
  );
}
