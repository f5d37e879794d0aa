/** What is seen of the page where the page is not seen: its icon, in the tab and of the installed app. */

let shown = "";

/** @param {number} unread @param {number} mentions */
export function showBadge(unread, mentions) {
  const state = `${unread} ${mentions}`;
  if (state === shown) return;
  shown = state;
  const link = /** @type {HTMLLinkElement | null} */ (document.querySelector('link[rel="icon"][href*="teahouse"]'));
  // Only between our own icons: a project's page may have its own.
  const icon = link?.getAttribute("href")?.replace(/teahouse(-news|-named)?\.svg/, `teahouse${mentions ? "-named" : unread ? "-news" : ""}.svg`);
  if (link && icon && icon !== link.getAttribute("href")) link.setAttribute("href", icon);
  const done = unread ? navigator.setAppBadge?.(mentions || undefined) : navigator.clearAppBadge?.();
  done?.catch(() => {}); // A page that is not installed has no such badge.
}
