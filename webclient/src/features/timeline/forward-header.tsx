import { t } from '../../i18n';
import { type Json, object, text } from '../../model/events';
import { cleanName } from '../../model/names';
import { openPerson } from '../../store/messages-ui';
import { colourOf } from '../../ui/colour';
import s from './bubble.module.css';

interface Origin {
  readonly sender: string;
  readonly name: string;
}

/** Who wrote a forwarded message first; null when it is none. */
export function originOf(content: Json): Origin | null {
  if (content['app.hearth.forward'] === undefined) return null;
  const { sender, name } = object(content['app.hearth.forward']);
  return { sender: text(sender), name: cleanName(text(name)) ?? text(sender) };
}

/** Above a forwarded message: whom it is from. A press shows that person. */
export function ForwardHeader(props: { origin: Origin }) {
  return (
    <button
      type="button"
      class={s.forward}
      data-name-colour={colourOf(props.origin.sender)}
      data-testid="forward-header"
      disabled={props.origin.sender === ''}
      onClick={() => openPerson(props.origin.sender)}
    >
      {props.origin.name === '' ? t('message-forwarded-hidden') : t('message-forwarded', { name: props.origin.name })}
    </button>
  );
}
