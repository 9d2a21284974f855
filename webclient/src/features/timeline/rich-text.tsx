import { createSignal, For, Match, Show, Switch } from 'solid-js';
import { t } from '../../i18n';
import { plainOf, type Rich } from '../../model/rich';
import { useClient } from '../../store/context';
import { createMediaUrl } from '../../store/media';
import { openPerson } from '../../store/messages-ui';
import { me } from '../../store/people';
import { Icon } from '../../ui/icon';
import { toast } from '../../ui/toast';
import s from './rich-text.module.css';

const address = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/;

/** Text with its web addresses as links. */
export function Linked(props: { text: string }) {
  return (
    <For each={props.text.split(address)}>
      {(part, at) => (
        <Show when={at() % 2 === 1} fallback={part}>
          <Anchor href={part}>{part}</Anchor>
        </Show>
      )}
    </For>
  );
}

function Anchor(props: { href: string; children: import('solid-js').JSX.Element }) {
  return (
    <a href={props.href} target="_blank" rel="noopener noreferrer nofollow">
      {props.children}
    </a>
  );
}

/** A tree of rich text as elements of ours: nothing of the wire becomes markup. */
export function RichText(props: { of: readonly Rich[] }) {
  return <For each={props.of}>{(node) => <Node node={node} />}</For>;
}

function Node(props: { node: Rich }) {
  const node = props.node;
  switch (node.t) {
    case 'text':
      return <Linked text={node.text} />;
    case 'br':
      return <br />;
    case 'hr':
      return <hr class={s.rule} />;
    case 'codeblock':
      return <CodeBlock language={node.language} text={node.text} />;
    case 'spoiler':
      return <Spoiler reason={node.reason} of={node.of} />;
    case 'link':
      return (
        <Anchor href={node.href}>
          <Plain of={node.of} />
        </Anchor>
      );
    case 'mention':
      return <Mention id={node.id} label={plainOf(node.of)} />;
    case 'emoticon':
      return <Emoticon mxc={node.mxc} alt={node.alt} />;
    default:
      return <Element node={node} />;
  }
}

type Branch = Extract<Rich, { of: readonly Rich[] }>;

function Element(props: { node: Branch }) {
  const inside = () => <RichText of={props.node.of} />;
  return (
    <Switch fallback={<span>{inside()}</span>}>
      <Match when={props.node.t === 'b' || props.node.t === 'h'}>
        <strong class={s.bold} classList={{ [s.block ?? '']: props.node.t === 'h' }}>
          {inside()}
        </strong>
      </Match>
      <Match when={props.node.t === 'i'}>
        <em>{inside()}</em>
      </Match>
      <Match when={props.node.t === 'u'}>
        <u>{inside()}</u>
      </Match>
      <Match when={props.node.t === 's'}>
        <s>{inside()}</s>
      </Match>
      <Match when={props.node.t === 'code'}>
        <code class={s.code}>{plainOf(props.node.of)}</code>
      </Match>
      <Match when={props.node.t === 'sup'}>
        <sup>{inside()}</sup>
      </Match>
      <Match when={props.node.t === 'sub'}>
        <sub>{inside()}</sub>
      </Match>
      <Match when={props.node.t === 'quote'}>
        <Quote of={props.node.of} />
      </Match>
      <Match when={props.node.t === 'ul'}>
        <ul class={s.list}>{inside()}</ul>
      </Match>
      <Match when={props.node.t === 'ol'}>
        <ol class={s.list} data-numbers="true">
          {inside()}
        </ol>
      </Match>
      <Match when={props.node.t === 'li'}>
        <li>{inside()}</li>
      </Match>
      <Match when={['p', 'tr', 'table', 'details', 'summary'].includes(props.node.t)}>
        <div class={s.block}>{inside()}</div>
      </Match>
      <Match when={props.node.t === 'td' || props.node.t === 'th'}>
        <span class={s.cell}>{inside()}</span>
      </Match>
    </Switch>
  );
}

const quoteLines = 4;
const quoteSigns = 320;

/** What somebody quotes; of a long one the beginning, until it is asked for. */
function Quote(props: { of: readonly Rich[] }) {
  const [open, setOpen] = createSignal(false);
  const words = () => plainOf(props.of);
  const isLong = () => words().length > quoteSigns || words().split('\n').length > quoteLines;
  return (
    <blockquote class={s.quote} data-folded={isLong() ? !open() : undefined} data-testid="quote">
      <RichText of={props.of} />
      <Show when={isLong()}>
        <button
          type="button"
          class={s.unfold}
          aria-expanded={open()}
          aria-label={t('text-whole-quote')}
          data-testid="quote-unfold"
          onClick={() => setOpen((now) => !now)}
        >
          <Icon name={open() ? 'chevron-up' : 'chevron-down'} size={16} />
        </button>
      </Show>
    </blockquote>
  );
}

/** Inside a link there are no links. */
function Plain(props: { of: readonly Rich[] }) {
  return <>{plainOf(props.of)}</>;
}

function CodeBlock(props: { language: string; text: string }) {
  const copy = () => void navigator.clipboard?.writeText(props.text).then(() => toast(t('message-copied')));
  return (
    <div class={s.pre} data-testid="code-block">
      <div class={s.preHead}>
        <span>{props.language || t('text-code')}</span>
        <button type="button" aria-label={t('text-copy-code')} data-tooltip={t('text-copy-code')} onClick={copy}>
          <Icon name="copy" size={16} />
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled by arrow keys from here */}
      <pre tabIndex={0}>
        <code>{props.text}</code>
      </pre>
    </div>
  );
}

/** Words that show only when they are asked for. */
function Spoiler(props: { reason: string; of: readonly Rich[] }) {
  const [open, setOpen] = createSignal(false);
  return (
    <Show
      when={open()}
      fallback={
        <button
          type="button"
          class={s.spoiler}
          data-testid="spoiler"
          aria-label={t('text-spoiler', { reason: props.reason })}
          onClick={() => setOpen(true)}
        >
          <span aria-hidden="true">
            <RichText of={props.of} />
          </span>
        </button>
      }
    >
      <RichText of={props.of} />
    </Show>
  );
}

function Mention(props: { id: string; label: string }) {
  const { state } = useClient();
  return (
    <button
      type="button"
      class={s.mention}
      data-testid="mention"
      data-me={props.id === me(state)}
      data-tooltip={props.id}
      onClick={() => openPerson(props.id)}
    >
      {props.label || props.id}
    </button>
  );
}

function Emoticon(props: { mxc: string; alt: string }) {
  const url = createMediaUrl(
    () => props.mxc,
    () => ({ w: 64, h: 64 }),
  );
  return (
    <Show when={url()} fallback={props.alt}>
      {(src) => <img class={s.emoticon} src={src()} alt={props.alt} title={props.alt} />}
    </Show>
  );
}
