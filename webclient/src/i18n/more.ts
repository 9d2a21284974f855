/** The texts of the chats; whoever loads the chats loads these with them. */
import english from './en-more.ftl?raw';
import { addTexts } from './index';

await addTexts(english, async () => (await import('./ru-more.ftl?raw')).default);
