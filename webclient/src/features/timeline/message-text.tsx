import { createMemo, Show } from 'solid-js';
import { bigEmoji } from '../../model/emoji';
import { text } from '../../model/events';
import { bodyOf, replyTarget } from '../../model/relations';
import { parseRich, plainOf, type Rich } from '../../model/rich';
import { useClient } from '../../store/context';
import type { RoomId, TimelineItem } from '../../store/contract';
import { nameOf } from '../../store/people';
import s from './bubble.module.css';
import { Linked, RichText } from './rich-text';

const rich = 'org.matrix.custom.html';

/** The words of a message: rich where it says so, else plain with web addresses as links. Nothing is read as markup. */
export function MessageText(props: { roomId: RoomId; item: TimelineItem; body?: string | undefined }) {
  const tree = createMemo((): readonly Rich[] | null => {
    const { content } = props.item;
    const html = text(content.formatted_body);
    if (content.format !== rich || html === '') return null;
    const of = parseRich(html);
    // Nothing of it may be shown: the plain words still can.
    return hasWords(of) ? of : null;
  });
  const body = () => props.body ?? bodyOf(props.item.content);
  const big = () =>
    props.item.content.msgtype === 'm.text' && !replyTarget(props.item.content) ? bigEmoji(body()) : 0;
  return (
    <span class={s.text} dir="auto" data-testid="message-text" data-big={big() || undefined}>
      <Show when={props.item.content.msgtype === 'm.emote'}>
        <Emote roomId={props.roomId} sender={props.item.sender} />
      </Show>
      <Show when={big() === 0 && tree()} fallback={<Linked text={body()} />}>
        {(of) => <RichText of={of()} />}
      </Show>
    </span>
  );
}

/** Whether there is anything to see. */
function hasWords(of: readonly Rich[]): boolean {
  return of.some((node) => node.t === 'emoticon' || plainOf([node]).trim() !== '');
}

function Emote(props: { roomId: RoomId; sender: string }) {
  const { state } = useClient();
  return <i>{`* ${nameOf(state, props.roomId, props.sender)} `}</i>;
}
