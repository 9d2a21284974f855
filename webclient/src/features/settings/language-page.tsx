import { language, languages, setLanguage, t } from '../../i18n';
import { closeLeft } from '../../store/pages';
import { Choices, Page, Section } from '../../ui/page';

/** The language of the client. */
export function LanguagePage() {
  return (
    <Page title={t('settings-language')} onBack={closeLeft} backLabel={t('page-back')} testid="language">
      <Section>
        <Choices
          label={t('settings-language')}
          choices={languages.map((one) => ({ id: one.code, text: one.name }))}
          value={language()}
          onChange={(code) => void setLanguage(code)}
        />
      </Section>
    </Page>
  );
}
