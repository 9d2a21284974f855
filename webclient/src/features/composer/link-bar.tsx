import { Show } from 'solid-js';
import { t } from '../../i18n';
import type { PagePreview } from '../../model/link-previews';
import { IconButton } from '../../ui/button';
import { Icon } from '../../ui/icon';
import s from './link-bar.module.css';

/** The preview that goes out with what is being written: the cross leaves it out, the arrow takes that of another link. */
export function LinkBar(props: { preview: PagePreview; next: (() => void) | undefined; onClose: () => void }) {
  return (
    <div class={s.bar} data-testid="link-bar" data-url={props.preview.url}>
      <Icon name="link" class={s.sign} />
      <span class={s.barWords}>
        <span class={s.title}>{props.preview.title || props.preview.site}</span>
        <Show when={props.preview.words || props.preview.url}>{(words) => <span class={s.line}>{words()}</span>}</Show>
      </span>
      <Show when={props.next}>
        {(next) => (
          <IconButton icon="chevron-down" label={t('link-next')} onClick={() => next()()} data-testid="link-next" />
        )}
      </Show>
      <IconButton icon="x" label={t('link-leave-out')} onClick={() => props.onClose()} data-testid="link-leave-out" />
    </div>
  );
}
