// What every part of the page shares: { theme, words, eventBus }.
import { createContext } from 'react';

export const Page = createContext(null);
