import { Show } from 'solid-js';
import { t } from '../../i18n';
import { previewText } from '../../i18n/words';
import type { ReplyTarget } from '../../store/contract';
import { createMediaUrl } from '../../store/media';
import { jump } from '../../store/ui';
import { colourOf } from '../../ui/colour';
import s from './bubble.module.css';

/** The message that is answered, in two lines; a press jumps to it. */
export function ReplyQuote(props: { reply: ReplyTarget; own: boolean }) {
  const quoted = () => props.reply.quoted;
  return (
    <button
      type="button"
      class={s.quote}
      data-testid="reply-quote"
      data-name-colour={props.own ? 'own' : colourOf(quoted()?.sender ?? '')}
      onClick={() => void jump()?.(props.reply.eventId)}
    >
      <Show when={quoted()?.thumbnail}>{(mxc) => <Thumb mxc={mxc()} />}</Show>
      <span class={s.quoteName}>{quoted()?.senderName ?? ' '}</span>
      <span class={s.quoteText}>
        {props.reply.part ??
          (quoted() ? previewText(quoted()?.body ?? { kind: 'unknown', text: '' }) : t('message-missing'))}
      </span>
    </button>
  );
}

function Thumb(props: { mxc: string }) {
  const url = createMediaUrl(
    () => props.mxc,
    () => ({ w: 96, h: 96 }),
  );
  return <Show when={url()}>{(src) => <img class={s.quoteThumb} src={src()} alt="" />}</Show>;
}
