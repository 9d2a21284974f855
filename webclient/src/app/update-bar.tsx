import { t } from '../i18n';
import { Button } from '../ui/button';
import { Icon } from '../ui/icon';
import s from './update-bar.module.css';

/** A newer page is there: one press, and it is this one. */
export function UpdateBar() {
  return (
    <div class={s.bar} role="status" data-testid="update-bar">
      <Icon name="rotate-cw" size={20} />
      <span class={s.words}>{t('update-there')}</span>
      <Button onClick={() => location.reload()} data-testid="update-now">
        {t('update-now')}
      </Button>
    </div>
  );
}
