import { createResource, Show } from 'solid-js';
import { t } from '../../i18n';
import { closeLeft } from '../../store/pages';
import { fileSize } from '../../ui/file-size';
import { Page, PageRow, Section } from '../../ui/page';
import { toast } from '../../ui/toast';
import s from './settings.module.css';

const share = (part: number, whole: number) => `${Math.max(1, Math.min(100, (part / Math.max(1, whole)) * 100))}%`;

/** How much of this device is used, and how to use less. */
export function StoragePage() {
  const [estimate, { refetch }] = createResource(async () => {
    const used = await navigator.storage?.estimate?.();
    return { usage: used?.usage ?? 0, quota: used?.quota ?? 0 };
  });
  // The shell stays: without it the client would not open without a network.
  const clear = async () => {
    const names = (await globalThis.caches?.keys()) ?? [];
    await Promise.all(names.filter((name) => name.includes('media')).map((name) => caches.delete(name)));
    toast(t('storage-cleared'));
    await refetch();
  };
  return (
    <Page title={t('settings-storage')} onBack={closeLeft} backLabel={t('page-back')} testid="storage">
      <Section note={t('storage-note')}>
        <Show when={estimate()}>
          {(now) => (
            <>
              <PageRow icon="hard-drive" text={t('storage-used')} value={fileSize(now().usage)} testid="storage-used" />
              <div class={s.bar}>
                <i style={{ '--part': share(now().usage, now().quota) }} />
              </div>
              <PageRow text={t('storage-free')} value={fileSize(Math.max(0, now().quota - now().usage))} />
            </>
          )}
        </Show>
      </Section>
      <Section>
        <PageRow icon="trash-2" text={t('storage-clear')} danger onClick={() => void clear()} testid="storage-clear" />
      </Section>
    </Page>
  );
}
