import { createResource, Show } from 'solid-js';
import { bundledPreview, firstLink, type PagePreview } from '../../model/link-previews';
import { bodyOf } from '../../model/relations';
import { useClient } from '../../store/context';
import type { TimelineItem } from '../../store/contract';
import { previewOfLink } from '../../store/links';
import { createMediaUrl } from '../../store/media';
import s from './link-card.module.css';

const wide_px = 300;

/** What the page says of itself to which a message leads; nothing while that is not known. */
export function LinkCard(props: { item: TimelineItem }) {
  const { commands } = useClient();
  const given = () => bundledPreview(props.item.content);
  // Who sent it knows the preview, or wants none; else the server is asked.
  const asked = () => (given() === null ? firstLink(bodyOf(props.item.content)) : null);
  const [told] = createResource(asked, (url) => previewOfLink(commands, url));
  const preview = () => {
    const bundled = given();
    if (bundled !== null) return bundled === 'none' ? undefined : bundled;
    return asked() === null ? undefined : (told.latest ?? undefined);
  };
  return <Show when={preview()}>{(one) => <Card preview={one()} />}</Show>;
}

function Card(props: { preview: PagePreview }) {
  const isWide = () => props.preview.w >= wide_px && props.preview.h > 0;
  return (
    <a
      class={s.card}
      href={props.preview.url}
      target="_blank"
      rel="noopener noreferrer nofollow"
      data-testid="link-card"
      data-wide={isWide()}
    >
      <span class={s.words}>
        <span class={s.site}>{props.preview.site}</span>
        <Show when={props.preview.title}>{(title) => <span class={s.title}>{title()}</span>}</Show>
        <Show when={props.preview.words}>{(words) => <span class={s.text}>{words()}</span>}</Show>
      </span>
      <Show when={props.preview.mxc}>{(mxc) => <Picture preview={props.preview} mxc={mxc()} wide={isWide()} />}</Show>
    </a>
  );
}

function Picture(props: { preview: PagePreview; mxc: string; wide: boolean }) {
  const url = createMediaUrl(
    () => props.mxc,
    () => (props.wide ? { w: 800, h: 600 } : { w: 96, h: 96 }),
  );
  return (
    <span class={s.picture} style={{ '--ratio': props.wide ? `${props.preview.w} / ${props.preview.h}` : '1' }}>
      <Show when={url()}>{(src) => <img src={src()} alt="" loading="lazy" />}</Show>
    </span>
  );
}
