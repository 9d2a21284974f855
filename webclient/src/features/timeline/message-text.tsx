import { For, Show } from 'solid-js';
import { t } from '../../i18n';
import { text } from '../../model/events';
import { bodyOf } from '../../model/relations';
import { useClient } from '../../store/context';
import type { TimelineItem } from '../../store/contract';
import { Icon } from '../../ui/icon';
import s from './bubble.module.css';

const address = /(https?:\/\/[^\s<>"']*[^\s<>"'.,:;!?)\]}])/u;

const media = {
  'm.image': 'preview-image',
  'm.video': 'preview-video',
  'm.audio': 'preview-audio',
  'm.file': 'preview-file',
  'm.location': 'preview-location',
} as const;

/** The words of a message, with web addresses as links. Nothing of it is ever read as markup. */
export function MessageText(props: { item: TimelineItem }) {
  const msgtype = () => text(props.item.content.msgtype);
  const kind = () => media[msgtype() as keyof typeof media];
  const body = () => bodyOf(props.item.content);
  return (
    <span class={s.text} dir="auto" data-testid="message-text">
      <Show when={kind()}>
        {(label) => (
          <span class={s.muted}>
            <Icon name="file" size={16} class={s.sign} />
            {t(label())}{' '}
          </span>
        )}
      </Show>
      <Show when={msgtype() === 'm.emote'}>
        <Emote sender={props.item.sender} />
      </Show>
      <For each={body().split(address)}>
        {(part, at) => (
          <Show when={at() % 2 === 1} fallback={part}>
            <a href={part} target="_blank" rel="noopener noreferrer nofollow">
              {part}
            </a>
          </Show>
        )}
      </For>
    </span>
  );
}

function Emote(props: { sender: string }) {
  const { state } = useClient();
  return <i>{`* ${state.users[props.sender]?.name ?? props.sender} `}</i>;
}
