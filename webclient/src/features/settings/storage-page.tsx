import { createResource, For, Show } from 'solid-js';
import { type TextId, t } from '../../i18n';
import { closeLeft } from '../../store/pages';
import { clearKept, type KeptKind, keptKinds, type Used, usedStorage } from '../../store/storage';
import { fileSize } from '../../ui/file-size';
import { Page, PageRow, Section } from '../../ui/page';
import { toast } from '../../ui/toast';
import { LoadingSection } from './loading-section';
import s from './settings.module.css';

const names: Readonly<Record<KeptKind, TextId>> = {
  photos: 'storage-photos',
  films: 'storage-films',
  sounds: 'storage-sounds',
  files: 'storage-files',
};

const allOf = (used: Used) => Object.values(used.kept).reduce((sum, bytes) => sum + bytes, used.messages + used.page);

/** How much of this device is used and by what, and how to use less. */
export function StoragePage() {
  const [used, { refetch }] = createResource(usedStorage);
  const clear = async (kind: KeptKind | null) => {
    await clearKept(kind);
    toast(t('storage-cleared'));
    await refetch();
  };
  const parts = (now: Used) => [
    ...keptKinds.map((kind) => ({ kind, bytes: now.kept[kind] })),
    { kind: 'messages', bytes: now.messages },
    { kind: 'page', bytes: now.page },
  ];
  const share = (now: Used, bytes: number) => `${(bytes / Math.max(1, allOf(now))) * 100}%`;
  return (
    <Page title={t('settings-storage')} onBack={closeLeft} backLabel={t('page-back')} testid="storage">
      <Show when={used.latest}>
        {(now) => (
          <>
            <Section>
              <PageRow
                icon="hard-drive"
                text={t('storage-used')}
                value={fileSize(allOf(now()))}
                testid="storage-used"
              />
              <div class={s.bar} aria-hidden="true">
                <For each={parts(now())}>
                  {(part) => <i data-kind={part.kind} style={{ '--part': share(now(), part.bytes) }} />}
                </For>
              </div>
              <PageRow lead={<Dot kind="messages" />} text={t('storage-messages')} value={fileSize(now().messages)} />
              <PageRow lead={<Dot kind="page" />} text={t('storage-page')} value={fileSize(now().page)} />
              <PageRow text={t('storage-free')} value={fileSize(now().free)} />
            </Section>
            <Section caption={t('storage-kept')} note={t('storage-note')}>
              <For each={keptKinds}>
                {(kind) => (
                  <PageRow
                    lead={<Dot kind={kind} />}
                    text={t(names[kind])}
                    sub={now().kept[kind] > 0 ? t('storage-clear-kind') : undefined}
                    value={fileSize(now().kept[kind])}
                    onClick={now().kept[kind] > 0 ? () => void clear(kind) : undefined}
                    testid={`storage-${kind}`}
                  />
                )}
              </For>
            </Section>
          </>
        )}
      </Show>
      <LoadingSection />
      <Section>
        <PageRow
          icon="trash-2"
          text={t('storage-clear')}
          danger
          onClick={() => void clear(null)}
          testid="storage-clear"
        />
      </Section>
    </Page>
  );
}

/** The colour of a kind in the bar. */
function Dot(props: { kind: string }) {
  return <i class={s.dot} data-kind={props.kind} aria-hidden="true" />;
}
