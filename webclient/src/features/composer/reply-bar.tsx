import { t } from '../../i18n';
import { bodyOf } from '../../model/relations';
import { roomOfView } from '../../model/view-ids';
import { useClient } from '../../store/context';
import { nameOf } from '../../store/people';
import { jump, stopWriting, writingIn } from '../../store/ui';
import { IconButton } from '../../ui/button';
import { Icon } from '../../ui/icon';
import s from './composer.module.css';

/** What is answered or changed, above the text. */
export function ReplyBar(props: { view: string }) {
  const { state } = useClient();
  const editing = () => writingIn(props.view).editing;
  const target = () => editing() ?? writingIn(props.view).replyTo ?? '';
  const item = () => {
    const timeline = state.timelines[props.view];
    return Object.values(timeline?.events ?? {}).find((one) => one.eventId === target());
  };
  const title = () => {
    if (editing()) return t('composer-editing');
    return t('composer-reply-to', { name: nameOf(state, roomOfView(props.view), item()?.sender ?? '') });
  };
  const words = () => (writingIn(props.view).quote || bodyOf(item()?.content ?? {})).replace(/\s+/g, ' ');
  return (
    <div class={s.bar} data-testid="reply-bar">
      <Icon name={editing() ? 'pencil' : 'reply'} class={s.barIcon} />
      <button type="button" class={s.barWords} onClick={() => void jump()?.(target())}>
        <span class={s.barTitle}>{title()}</span>
        <span class={s.barText}>{words()}</span>
      </button>
      <IconButton
        icon="x"
        label={t('composer-cancel')}
        onClick={() => stopWriting(props.view)}
        data-testid="reply-cancel"
      />
    </div>
  );
}
