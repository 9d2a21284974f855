/** The texts of the parts that are fetched later (`ui/parts.ts`), with those of the chats, which they use too. */
import './more';
import english from './en-pages.ftl?raw';
import { addTexts } from './index';

await addTexts(english, async () => (await import('./ru-pages.ftl?raw')).default);
