import { Show } from 'solid-js';
import { t } from '../../i18n';
import { Badge } from '../../ui/badge';
import { Icon } from '../../ui/icon';
import s from './timeline.module.css';

/** The round button that leads back to the newest message, with the number of unread ones on its edge. */
export function JumpButton(props: { shown: boolean; count: number; onClick: () => void }) {
  return (
    <button
      type="button"
      class={s.jump}
      data-shown={props.shown}
      data-testid="jump-button"
      aria-label={t('chat-jump')}
      aria-hidden={!props.shown}
      tabIndex={props.shown ? 0 : -1}
      onClick={() => props.onClick()}
    >
      <Icon name="chevron-down" size={26} />
      <Show when={props.count > 0}>
        <span class={s.jumpBadge}>
          <Badge count={props.count} label={t('list-unread', { count: props.count })} testid="jump-badge" />
        </span>
      </Show>
    </button>
  );
}
