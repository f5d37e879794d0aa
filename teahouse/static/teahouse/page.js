/** What every page of Teahouse runs: the choice of theme and language, and the words in the chosen one. */

import "./elements/settings.js";
import { translatePage } from "./words.js";

translatePage();
// On a phone the tabs of an account are longer than the window: the page that one is on is among those in view.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
